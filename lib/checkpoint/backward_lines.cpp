#include "lib/checkpoint/backward_lines.hpp"

#include <algorithm>

namespace dts {

namespace {

constexpr std::uint64_t block_bytes = 16 << 10;

}  // namespace

BackwardLines::BackwardLines(ReadableFile& file, std::uint64_t end) : file_(file), start_(end) {
    if (!read_more()) {
        is_done_ = true;
    } else if (held_.back() == '\n') {
        held_.pop_back();
    } else {
        is_torn_ = true;
    }
}

std::optional<FileLine> BackwardLines::previous() {
    if (is_done_) return std::nullopt;
    std::size_t unsearched = held_.size();
    for (;;) {
        const auto newline =
            unsearched == 0 ? std::string::npos : held_.rfind('\n', unsearched - 1);
        if (newline != std::string::npos) {
            FileLine line{held_.substr(newline + 1), start_ + newline + 1};
            held_.resize(newline);
            return line;
        }
        if (held_.size() > most_line_bytes) {
            met_too_long_ = is_done_ = true;
            return std::nullopt;
        }
        const auto held_before = held_.size();
        if (!read_more()) {
            is_done_ = true;
            return FileLine{std::move(held_), 0};
        }
        unsearched = held_.size() - held_before;
    }
}

bool BackwardLines::read_more() {
    // Twice as much each time, so that a long line is not copied over and over.
    const auto wanted = std::max<std::uint64_t>(block_bytes, held_.size());
    const auto count = std::min(start_, wanted);
    if (count == 0) return false;
    start_ -= count;
    auto block = file_.read(start_, count);
    block.resize(count, '\0');  // a file cut meanwhile
    held_.insert(0, block);
    return true;
}

std::uint64_t end_of_last_line(ReadableFile& file) {
    constexpr std::uint64_t block = 64 << 10;
    for (auto end = file.size(); end > 0;) {
        const auto start = end - std::min(end, block);
        const auto newline = file.read(start, end - start).rfind('\n');
        if (newline != std::string::npos) return start + newline + 1;
        end = start;
    }
    return 0;
}

}  // namespace dts
