#include "lib/checkpoint/log_directory.hpp"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view lock_name = ".lock";

[[noreturn]] void fail(std::string_view what, const fs::path& path, int error) {
    throw Error(
        ErrorKind::log_directory,
        fmt::format("{} {}: {}", what, path.string(), std::generic_category().message(error)),
        "the task needs a log_dir that its account may write");
}

/// Makes every missing folder of the path, each with mode 0750.
void make_folders(const fs::path& path) {
    std::error_code unknown;
    if (path.empty() || fs::is_directory(path, unknown)) return;
    if (path.has_parent_path() && path.parent_path() != path) make_folders(path.parent_path());
    if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST)
        fail("can not make the log directory", path, errno);
}

bool same_file(int fd, const fs::path& path) {
    struct stat held {};
    struct stat named {};
    return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

std::string holder_text(int fd) {
    std::array<char, 512> text{};
    const auto got = ::pread(fd, text.data(), text.size(), 0);
    std::string holder(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    std::replace(holder.begin(), holder.end(), '\n', ' ');
    return holder.empty() ? "a process that has not said who it is" : holder;
}

std::string own_text() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    return fmt::format("pid {} on {}\nsince {}\n", ::getpid(), host.data(),
                       microsecond_text(now_us()).substr(0, 19));
}

std::string one_line(std::string_view text) {
    if (text.empty() || text.find('\n') != std::string_view::npos)
        throw Error(ErrorKind::bug,
                    fmt::format("an identity is one line of text, not \"{}\"", text));
    return std::string(text);
}

}  // namespace

LogDirectory::LogDirectory(fs::path path) : path_(std::move(path)) {
    make_folders(path_);
    lock();
    check_writable();
    state_ = DirectoryState::read(path_);
}

void LogDirectory::lock() {
    const auto file = path_ / lock_name;
    do {  // again when somebody removed the file between the opening and the locking
        lock_ = FileHandle(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
        if (!lock_) fail("can not write in the log directory", file, errno);
        if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) fail("can not lock", file, errno);
            throw Error(ErrorKind::log_directory,
                        fmt::format("the log directory {} is held by {}", path_.string(),
                                    holder_text(lock_.get())),
                        "stop that worker first, or give this task a log_dir of its own");
        }
    } while (!same_file(lock_.get(), file));

    const auto text = own_text();
    if (::ftruncate(lock_.get(), 0) != 0 ||
        ::pwrite(lock_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
        fail("can not write", file, errno);
}

void LogDirectory::check_writable() const {
    const auto probe = path_ / ".probe";
    const FileHandle file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (!file) fail("can not write in the log directory", path_, errno);
    if (::unlink(probe.c_str()) != 0) fail("can not write in the log directory", path_, errno);
}

void LogDirectory::record_identity(std::string_view source) {
    if (state_.source == source) return;
    auto state = state_;
    state.source = one_line(source);
    state.write(path_);
    state_ = std::move(state);
}

void LogDirectory::require_identity(std::string_view source) const {
    require_source(path_, source);
}

void LogDirectory::record_exactly_once_target(std::optional<std::string> target) {
    if (state_.exactly_once_target == target) return;
    auto state = state_;
    state.exactly_once_target.reset();
    if (target) state.exactly_once_target = one_line(*target);
    state.write(path_);
    state_ = std::move(state);
}

void LogDirectory::record_generation(std::string_view log, std::uint64_t generation) {
    auto state = state_;
    state.generations[std::string(log)] = generation;
    state.write(path_);
    state_ = std::move(state);
}

}  // namespace dts
