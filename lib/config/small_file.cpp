#include "lib/config/small_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "lib/base/error.hpp"

namespace dts {
namespace {

Error unreadable(const std::filesystem::path& path, std::string_view why) {
    return {ErrorKind::config, fmt::format("can not read {}: {}", path.native(), why)};
}

}  // namespace

std::string read_small_file(const std::filesystem::path& path, std::uintmax_t largest_bytes) {
    std::error_code failed;
    const auto status = std::filesystem::status(path, failed);
    if (failed) throw unreadable(path, failed.message());
    // A pipe or a device might block or never end.
    if (!std::filesystem::is_regular_file(status)) throw unreadable(path, "it is not a file");
    const auto bytes = std::filesystem::file_size(path, failed);
    if (failed) throw unreadable(path, failed.message());
    if (bytes > largest_bytes)
        throw unreadable(path,
                         fmt::format("it has {} bytes, {} at most are read", bytes, largest_bytes));
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    std::string text(static_cast<std::size_t>(bytes), '\0');
    stream.read(text.data(), static_cast<std::streamsize>(bytes));
    if (!stream)
        throw unreadable(path, errno != 0 ? std::strerror(errno) : "it has become shorter");
    return text;
}

}  // namespace dts
