#include "lib/checkpoint/readable_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <system_error>

#include "lib/base/error.hpp"

namespace dts {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
    throw Error(ErrorKind::log_directory, fmt::format("can not read {}: {}", path.string(),
                                                      std::generic_category().message(error)));
}

}  // namespace

std::optional<ReadableFile> ReadableFile::open_if_there(const std::filesystem::path& path) {
    FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        if (errno == ENOENT) return std::nullopt;
        fail(path, errno);
    }
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) fail(path, errno);
    if (!S_ISREG(status.st_mode)) fail(path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
    return ReadableFile(path, std::move(file), static_cast<std::uint64_t>(status.st_size));
}

std::string ReadableFile::read(std::uint64_t offset, std::uint64_t count) {
    std::string bytes(count, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const auto got = ::pread(file_.get(), bytes.data() + filled, bytes.size() - filled,
                                 static_cast<off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(path_, errno);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    bytes_read_ += filled;
    return bytes;
}

}  // namespace dts
