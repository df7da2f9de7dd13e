#include "daemon/service/run_folder.hpp"

#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace dts {

namespace {

std::string first_line_of(int fd) {
    char text[32] = "";
    const auto bytes = ::pread(fd, text, sizeof text - 1, 0);
    const std::string_view read(text, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return std::string(read.substr(0, read.find('\n')));
}

}  // namespace

RunFolder::RunFolder(std::filesystem::path path) : path_(std::move(path)) {
    namespace fs = std::filesystem;
    std::error_code failed;
    if (!fs::is_directory(path_)) {
        fs::create_directories(path_, failed);
        if (failed) {
            throw Error(ErrorKind::log_directory,
                        fmt::format("making {}: {}", path_.string(), failed.message()),
                        "--run-dir names another folder");
        }
        fs::permissions(path_, fs::perms(0755), failed);
    }
    const fs::path file = path_ / "dtsd.lock";
    lock_ = FileHandle(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!lock_) {
        throw Error(ErrorKind::log_directory,
                    fmt::format("opening {}: {}", file.string(), std::strerror(errno)),
                    "--run-dir names another folder");
    }
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        throw Error(ErrorKind::log_directory,
                    fmt::format("{} is held by another dtsd, pid {}", path_.string(),
                                first_line_of(lock_.get())),
                    "stop that one, or give this one another --run-dir");
    }
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(lock_.get(), 0) != 0 ||
        ::pwrite(lock_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        throw Error(ErrorKind::log_directory,
                    fmt::format("writing {}: {}", file.string(), std::strerror(errno)));
    }
}

}  // namespace dts
