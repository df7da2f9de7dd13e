// The kernel's notes about files, read without waiting. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "lib/base/file_handle.hpp"

namespace dts {

class Inotify {
  public:
    struct Event {
        int watch = -1;
        std::uint32_t mask = 0;  ///< IN_... bits; IN_Q_OVERFLOW: some were lost
        std::string_view name;   ///< of the file in a watched folder; lives during the call
    };

    /// Throws Error{bug} when the system gives no more of them.
    Inotify();

    /// -1 with errno set when it cannot be watched. A path that is watched already gives the same
    /// number.
    int watch(const std::filesystem::path& path, std::uint32_t mask) noexcept;
    void forget(int watch) noexcept;

    /// Hands over all that have come; returns at once.
    void read(const std::function<void(const Event&)>& take);

    /// Readable when there is something.
    int fd() const noexcept { return handle_.get(); }

  private:
    FileHandle handle_;
};

}  // namespace dts
