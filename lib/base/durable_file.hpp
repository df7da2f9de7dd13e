// Files that outlive a power cut. A failed write or sync is final for its file: what the kernel
// holds of it is unknown from then on, so it is never retried and never trusted (every later call
// throws). Everything here throws Error{durability} naming the file and the system's words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "lib/base/file_handle.hpp"

namespace dts {

/// A file that only grows. One thread at a time.
class DurableFile {
  public:
    /// Opens an existing file; it is not created.
    explicit DurableFile(std::filesystem::path path);

    /// Writes all bytes at the end and returns once they are on disk, under this file's name: a
    /// file that was removed or replaced meanwhile is a failure too.
    void append_durably(std::string_view bytes);

    /// Cuts a torn tail off; durable with the next append.
    void truncate(std::uint64_t size);

    std::uint64_t size() const noexcept { return size_; }
    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    void refuse_after_failure() const;
    void check_still_named() const;

    std::filesystem::path path_;
    FileHandle file_;
    std::uint64_t size_ = 0;
    bool failed_ = false;
};

/// Makes a new file with this content (mode 0640), its bytes on disk but not yet its name: that
/// needs sync_folder or a durable rename. An older file of that name is overwritten.
void write_new_file(const std::filesystem::path& path, std::string_view content);

/// Replaces a small file by new content, or makes it: readers see the old or the new one, whole.
/// On disk when it returns. Writes "NAME.new" beside it.
void replace_file(const std::filesystem::path& path, std::string_view content);

/// Renames within a folder; the new name is on disk when it returns.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Removes a file if it is there; its absence is on disk when it returns.
void remove_durably(const std::filesystem::path& path);

/// False too when it can not be told: opening it will say why.
bool file_exists(const std::filesystem::path& path) noexcept;

/// Makes the names in a folder durable.
void sync_folder(const std::filesystem::path& folder);

}  // namespace dts
