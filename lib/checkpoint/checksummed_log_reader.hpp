// Reads a checksummed log back, newest first, over its rotated files, touching only as much as is
// asked for. Needs no lock and changes nothing. Damage is skipped and told, never thrown: whether
// an older record will do is for the caller to say. The form: checksummed_log.hpp.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/checkpoint/backward_lines.hpp"
#include "lib/checkpoint/checksum_sidecar.hpp"
#include "lib/checkpoint/directory_state.hpp"
#include "lib/checkpoint/readable_file.hpp"

namespace dts {

/// Lines that were appended together, or one line of a log from elsewhere.
struct LogLines {
    std::string text;
    std::filesystem::path file;
    std::uint64_t offset = 0;

    /// "/var/log/dts/task1/position.log, byte 1234", for messages.
    std::string place() const;
};

/// One thread at a time.
class ChecksummedLogReader {
  public:
    /// Throws Error{checkpoint} when the directory's state is damaged, Error{log_directory} when
    /// something can not be read (also while reading).
    ChecksummedLogReader(const std::filesystem::path& directory, std::string_view name);

    ChecksummedLogReader(const ChecksummedLogReader&) = delete;
    ChecksummedLogReader& operator=(const ChecksummedLogReader&) = delete;

    /// The lines before those last given; nothing at the front of the oldest file that counts.
    std::optional<LogLines> older();

    /// Something was recorded here once: to find nothing usable is an error then, not a first
    /// start.
    bool expected() const noexcept { return expected_; }

    /// What was skipped and why, in the order met; a flood of them is cut short.
    const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    void warn(std::string warning);

    std::uint64_t bytes_read() const noexcept;

  private:
    bool open_next_file();
    void open_checked(ReadableFile sums);
    void warn_of_bytes_behind();
    std::optional<LogLines> older_checked();
    std::optional<LogLines> older_unchecked();
    std::optional<SidecarEntry> entry(std::uint64_t index);
    std::optional<LogLines> read_lines(std::uint64_t index);

    std::filesystem::path path_;
    std::deque<unsigned> numbers_;    ///< of the files still to be read, newest first
    std::uint64_t least_generation_;  ///< 0: never begun here
    bool expected_ = false;

    std::optional<ReadableFile> log_;
    std::optional<ReadableFile> sums_;
    std::uint64_t entries_left_ = 0;
    std::uint64_t unchecked_end_ = 0;  ///< bytes at the front of log_ that are used as they are
    std::optional<BackwardLines> unchecked_;

    std::vector<std::string> warnings_;
    std::uint64_t bytes_read_before_ = 0;  ///< of files already closed
};

}  // namespace dts
