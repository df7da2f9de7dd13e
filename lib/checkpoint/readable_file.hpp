// A file read at places, which counts what it read. Throws Error{log_directory} naming the file
// when reading fails. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/base/file_handle.hpp"

namespace dts {

class ReadableFile {
  public:
    /// Nothing when there is no such file.
    static std::optional<ReadableFile> open_if_there(const std::filesystem::path& path);

    /// The bytes from offset on; fewer than asked for at the end of the file.
    std::string read(std::uint64_t offset, std::uint64_t count);

    /// When it was opened.
    std::uint64_t size() const noexcept { return size_; }
    std::uint64_t bytes_read() const noexcept { return bytes_read_; }
    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    ReadableFile(std::filesystem::path path, FileHandle file, std::uint64_t size)
        : path_(std::move(path)), file_(std::move(file)), size_(size) {}

    std::filesystem::path path_;
    FileHandle file_;
    std::uint64_t size_;
    std::uint64_t bytes_read_ = 0;
};

}  // namespace dts
