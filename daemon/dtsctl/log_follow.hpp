// The end of a log, and what is written to it from then on: over rotation, by renaming as well as
// by copying and cutting. Woken by the file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "daemon/folder/inotify.hpp"
#include "lib/base/file_handle.hpp"

namespace dts {

class LogFollow {
  public:
    /// Given whole lines, without their ends.
    using OnLine = std::function<void(std::string_view)>;

    LogFollow(std::filesystem::path file, OnLine on_line);

    /// The last `lines` lines that are there. Throws Error{log_directory} when the file cannot be
    /// read (it need not be there yet).
    void show_end(std::size_t lines);
    /// What has been written since; returns at once.
    void show_more();

    /// Readable when there may be more.
    int fd() const noexcept { return inotify_.fd(); }

  private:
    bool open();
    void read_on();
    void hand_over_lines();

    const std::filesystem::path path_;
    OnLine on_line_;
    Inotify inotify_;
    FileHandle file_;
    std::uint64_t offset_ = 0;
    std::uint64_t inode_ = 0;
    std::string text_;  ///< read, without its line's end yet
};

}  // namespace dts
