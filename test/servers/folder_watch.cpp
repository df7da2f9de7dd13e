#include "test/servers/folder_watch.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

#include "test/servers/child_process.hpp"

namespace dts::test {

namespace {

/// Closes a descriptor at the end of a scope.
struct Descriptor {
    int fd;
    ~Descriptor() { close(fd); }
};

void drain(int fd) {
    std::array<char, 4096> buffer;
    while (read(fd, buffer.data(), buffer.size()) > 0) {
    }
}

}  // namespace

WaitResult wait_until(const std::filesystem::path& folder, const std::function<bool()>& done,
                      std::chrono::milliseconds timeout, ChildProcess* process) {
    const Descriptor changes{inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    constexpr auto events = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_CLOSE_WRITE;
    if (changes.fd < 0 || inotify_add_watch(changes.fd, folder.c_str(), events) < 0) {
        throw std::runtime_error(
            fmt::format("cannot watch {}: {}", folder.string(), std::strerror(errno)));
    }
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    // The watch stands before the first look, so nothing can slip between the two.
    for (;;) {
        // Asked before the look: what a process wrote before it ended is seen.
        const bool ended = process != nullptr && !process->is_running();
        if (done()) return WaitResult::done;
        if (ended) return WaitResult::ended;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return WaitResult::timed_out;
        std::array<pollfd, 2> wanted{pollfd{changes.fd, POLLIN, 0},
                                     pollfd{process ? process->pidfd() : -1, POLLIN, 0}};
        if (poll(wanted.data(), wanted.size(), static_cast<int>(left.count())) < 0 &&
            errno != EINTR) {
            throw std::runtime_error("poll failed");
        }
        drain(changes.fd);
    }
}

std::optional<std::string> LineReader::find(std::string_view text) {
    std::ifstream in(file_, std::ios::binary);
    if (!in) return std::nullopt;
    in.seekg(static_cast<std::streamoff>(offset_));
    std::string line;
    while (std::getline(in, line) && !in.eof()) {
        offset_ += line.size() + 1;
        if (line.find(text) != std::string::npos) return line;
    }
    return std::nullopt;
}

}  // namespace dts::test
