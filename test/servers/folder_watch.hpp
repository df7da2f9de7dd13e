// Waiting for what another process writes into a folder: woken by the file system (inotify), not by
// a clock.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dts::test {

class ChildProcess;

enum class WaitResult {
    done,       ///< the condition holds
    ended,      ///< the process ended, and the condition does not hold
    timed_out,  ///< neither, in time
};

/// Evaluates `done` now and after each change of a file in `folder` (which must exist), until it
/// holds, or `process` (may be null) has ended, or the time is up.
WaitResult wait_until(const std::filesystem::path& folder, const std::function<bool()>& done,
                      std::chrono::milliseconds timeout, ChildProcess* process = nullptr);

/// Reads a growing text file line by line.
class LineReader {
  public:
    /// Starts at an offset in bytes; the file need not be there yet.
    explicit LineReader(std::filesystem::path file, std::uint64_t offset = 0)
        : file_(std::move(file)), offset_(offset) {}
    /// The next line that contains `text`, without its end, or nothing yet. Lines are whole: a last
    /// one without its line end is left for the next call.
    std::optional<std::string> find(std::string_view text);
    /// Where the next find() starts.
    std::uint64_t offset() const noexcept { return offset_; }

  private:
    std::filesystem::path file_;
    std::uint64_t offset_;
};

}  // namespace dts::test
