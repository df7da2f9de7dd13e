#include "daemon/dtsctl/log_follow.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace dts {

namespace {

Error unreadable(const std::filesystem::path& path) {
    const char* const hint = errno == EACCES ? "root and members of the group dts may read it" : "";
    return {errno == EACCES ? ErrorKind::permission : ErrorKind::log_directory,
            fmt::format("reading {}: {}", path.string(), std::strerror(errno)), hint};
}

}  // namespace

LogFollow::LogFollow(std::filesystem::path file, OnLine on_line)
    : path_(std::move(file)), on_line_(std::move(on_line)) {
    inotify_.watch(path_.parent_path(),
                   IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR);
}

/// Whether the file is there.
bool LogFollow::open() {
    file_ = FileHandle(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_ && errno == ENOENT) return false;
    struct stat info {};
    if (!file_ || ::fstat(file_.get(), &info) != 0) throw unreadable(path_);
    inode_ = info.st_ino;
    offset_ = 0;
    return true;
}

void LogFollow::show_end(std::size_t lines) {
    if (!open()) return;
    constexpr std::uint64_t step = 64 * 1024;
    struct stat info {};
    if (::fstat(file_.get(), &info) != 0) throw unreadable(path_);
    std::uint64_t begin = static_cast<std::uint64_t>(info.st_size);
    std::string end;
    // One more line end than lines: that of the line before them.
    while (begin > 0 && static_cast<std::size_t>(std::ranges::count(end, '\n')) <= lines) {
        const std::uint64_t size = std::min(step, begin);
        std::string part(size, '\0');
        begin -= size;
        const auto bytes =
            ::pread(file_.get(), part.data(), part.size(), static_cast<off_t>(begin));
        if (bytes < 0) throw unreadable(path_);
        part.resize(static_cast<std::size_t>(bytes));
        end.insert(0, part);
    }
    offset_ = static_cast<std::uint64_t>(info.st_size);
    auto surplus = std::ranges::count(end, '\n') - static_cast<std::ptrdiff_t>(lines);
    std::size_t from = 0;
    for (; surplus > 0; --surplus) from = end.find('\n', from) + 1;
    text_ = end.substr(from);
    hand_over_lines();
}

void LogFollow::show_more() {
    inotify_.read([](const Inotify::Event&) {});
    if (file_) read_on();
    struct stat info {};
    const bool is_there = ::stat(path_.c_str(), &info) == 0;
    if (!is_there || (file_ && info.st_ino == inode_)) return;
    // Another file has its name: the old one was read to its end above.
    if (open()) read_on();
}

void LogFollow::read_on() {
    struct stat info {};
    if (::fstat(file_.get(), &info) == 0 && static_cast<std::uint64_t>(info.st_size) < offset_) {
        offset_ = 0;  // it was copied and cut
    }
    char buffer[65536];
    for (;;) {
        const auto bytes = ::pread(file_.get(), buffer, sizeof buffer, static_cast<off_t>(offset_));
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes <= 0) break;
        offset_ += static_cast<std::uint64_t>(bytes);
        text_.append(buffer, static_cast<std::size_t>(bytes));
    }
    hand_over_lines();
}

void LogFollow::hand_over_lines() {
    std::size_t begin = 0;
    for (;;) {
        const auto end = text_.find('\n', begin);
        if (end == std::string::npos) break;
        on_line_(std::string_view(text_).substr(begin, end - begin));
        begin = end + 1;
    }
    text_.erase(0, begin);
}

}  // namespace dts
