// A file system in memory with little room, in a new folder. Mounting one needs root.
#pragma once

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace dts::test {

class SmallDisk {
  public:
    /// `size` as mount's option takes it: "512k", "16m".
    SmallDisk(std::filesystem::path folder, const std::string& size) : folder_(std::move(folder)) {
        std::filesystem::create_directories(folder_);
        if (mount("none", folder_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) != 0)
            error_ = errno;
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk() {
        if (error_ == 0) umount2(folder_.c_str(), MNT_DETACH);
    }
    /// Why there is none; empty when there is.
    std::string error() const { return error_ == 0 ? "" : std::strerror(error_); }
    /// The last pages of other files still have some room: a log grows a little.
    void fill() {
        std::ofstream file(folder_ / "filler");
        const std::string block(4096, 'x');
        while (file.write(block.data(), 4096).flush()) {
        }
    }
    void make_room() { std::filesystem::remove(folder_ / "filler"); }

  private:
    std::filesystem::path folder_;
    int error_ = 0;
};

}  // namespace dts::test
