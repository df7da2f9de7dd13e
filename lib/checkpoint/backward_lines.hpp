// The lines of a file from its end to its front, reading only as far back as they are asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/checkpoint/readable_file.hpp"

namespace dts {

struct FileLine {
    std::string text;  ///< without the "\n"
    std::uint64_t offset = 0;
};

class BackwardLines {
  public:
    /// Lines longer than this are no log lines: what is in front of one is not read.
    static constexpr std::size_t most_line_bytes = 16 << 20;

    /// From `end` on towards the front; the file must outlive it.
    BackwardLines(ReadableFile& file, std::uint64_t end);

    /// The line in front of the last one given. The first one may be torn: see is_torn.
    std::optional<FileLine> previous();

    /// True when the bytes in front of `end` do not end a line: the first line given is torn.
    bool is_torn() const noexcept { return is_torn_; }

    /// True when it ended at a line that is too long.
    bool met_too_long() const noexcept { return met_too_long_; }

  private:
    bool read_more();

    ReadableFile& file_;
    std::uint64_t start_;  ///< the offset of held_ in the file
    std::string held_;     ///< from start_ to the end of the next line to give, its "\n" excluded
    bool is_torn_ = false;
    bool is_done_ = false;
    bool met_too_long_ = false;
};

/// The offset behind the last "\n"; 0 when there is none.
std::uint64_t end_of_last_line(ReadableFile& file);

}  // namespace dts
