// A task's log directory, held: one worker at a time, by an exclusive lock that ends with the
// process. Also keeps what is true of the directory as a whole (see DirectoryState), durably.
//
// Order at start: lock, read the logs, require_source, record_source, and only then the first
// position: a log whose source is not recorded beside it is refused.
// One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/file_handle.hpp"
#include "lib/checkpoint/directory_state.hpp"

namespace dts {

class LogDirectory {
  public:
    /// Makes the directory (0750) where it is missing, locks it and checks that it can be written.
    /// Throws Error{log_directory}, naming pid, host and start time of the holder when it is held;
    /// Error{checkpoint} when the identity file is damaged.
    explicit LogDirectory(std::filesystem::path path);

    const std::filesystem::path& path() const noexcept { return path_; }

    /// The source whose positions are kept here, as recorded.
    const std::optional<std::string>& identity() const noexcept { return state_.source; }

    /// On disk when it returns. Throws Error{durability}, Error{bug} for a text of several lines.
    void record_identity(std::string_view source);

    /// As require_source, for this directory.
    void require_identity(std::string_view source) const;

    /// The target's checkpoint that this directory's position log is the echo of; nothing: the log
    /// never had a counterpart. Recorded before the target's first checkpoint is written.
    const std::optional<std::string>& exactly_once_target() const noexcept {
        return state_.exactly_once_target;
    }
    void record_exactly_once_target(std::optional<std::string> target);

    /// For the logs themselves: see DirectoryState::generations.
    std::uint64_t generation_of(std::string_view log) const { return state_.generation_of(log); }
    void record_generation(std::string_view log, std::uint64_t generation);

  private:
    void lock();
    void check_writable() const;

    std::filesystem::path path_;
    FileHandle lock_;
    DirectoryState state_;
};

}  // namespace dts
