// The daemon's runtime folder: one dtsd at a time works there.
#pragma once

#include <filesystem>

#include "lib/base/file_handle.hpp"

namespace dts {

class RunFolder {
  public:
    /// Makes it (0755) where it is missing, and locks it. Throws Error{log_directory} when it
    /// cannot be made, or another dtsd holds it (naming its pid).
    explicit RunFolder(std::filesystem::path path);

    const std::filesystem::path& path() const noexcept { return path_; }
    std::filesystem::path control_socket() const { return path_ / "control.sock"; }
    std::filesystem::path notify_socket() const { return path_ / "notify.sock"; }
    std::filesystem::path start_record() const { return path_ / "started"; }

  private:
    std::filesystem::path path_;
    FileHandle lock_;
};

}  // namespace dts
