// An append-only text log with checksums beside it (NAME.sum, form: checksum_sidecar.hpp), rotated
// by size: NAME is the newest, NAME.1 the one before it. Position and finished log are such logs.
//
// Cut or flip any byte, of the log or of its checksums: what is read back is what was appended, or
// something appended before it, or nothing together with `expected` (see checksummed_log_reader).
//
// Order of durability of append, and what a crash leaves:
//   1. the entry goes to NAME.sum and to disk   -> an entry without its lines: skipped
//   2. the lines go to NAME and to disk          -> part of them: skipped, cut off at the next
//   start
//   3. append returns
// So lines behind the last entry are never ours, and lines count as soon as they are whole.
//
// A file is never born empty, and so an empty one is damage. Rotation, and the first append:
//   1. NAME.new.sum and NAME.new are written whole, with the lines, and to disk (nobody reads them)
//   2. NAME.2 -> NAME.3 and so on, then NAME -> NAME.1; of each the .sum first. In between, the
//      log without checksums finds them under the next number (sidecar_of_rotated)
//   3. NAME.new.sum -> NAME.sum: checksums without a log are nobody's
//   4. NAME.new -> NAME: the lines count
//   5. the generation is recorded in the directory's state where it is a new one: from now on a
//      missing log is damage
// Each step is on disk before the next; at every point the newest log there is holds what counts.
//
// A log found without checksums in a directory where it was never begun is adopted: NAME.sum says
// how many bytes were there, and they are used as they are. Where it was begun, checksums that are
// missing or whose header is damaged make the whole file unusable.
//
// A generation ends when the position goes back by the operator's will: what was recorded before
// must not win any more, whatever happens to the lines behind it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/durable_file.hpp"
#include "lib/checkpoint/log_directory.hpp"

namespace dts {

struct ChecksummedLogOptions {
    std::uint64_t rotate_bytes = 64 << 20;
    unsigned rotated_files = 3;                        ///< at least one
    std::function<void(std::string_view)> after_step;  ///< for tests: after each step on disk
};

/// One thread at a time. The directory must outlive it. Everything throws Error{durability} when
/// the disk fails; after that every call does.
class ChecksummedLog {
  public:
    /// Touches nothing before the first append.
    ChecksummedLog(LogDirectory& directory, std::string name, ChecksummedLogOptions options);

    /// Appends whole lines ("\n" at the end), together: they are read back together or not at all.
    /// On disk when it returns.
    void append(std::string_view lines);

    /// As append, but begins a new generation: nothing appended before counts any more.
    void begin_generation(std::string_view lines);

    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    void write(std::string_view lines, bool begins_generation);
    void open();
    void adopt();
    void finish_interrupted_rotation();
    void begin_file(std::uint64_t generation, std::string_view lines);
    void shift_rotated();
    void record_generation();
    void step(std::string_view name) const;

    LogDirectory& directory_;
    const std::string name_;
    const std::filesystem::path path_;
    const ChecksummedLogOptions options_;
    std::uint64_t generation_ = 0;
    std::optional<DurableFile> log_;   ///< none: the next append begins a file
    std::optional<DurableFile> sums_;  ///< of log_
    bool is_open_ = false;
    bool failed_ = false;
};

}  // namespace dts
