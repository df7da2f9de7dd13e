#include "lib/checkpoint/checksummed_log_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/base/durable_file.hpp"
#include "lib/base/error.hpp"
#include "lib/checkpoint/checksum.hpp"

namespace dts {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_warnings = 20;

/// The numbers of the files NAME, NAME.1, NAME.2, ... that are there, in this order.
std::deque<unsigned> numbers_of(const fs::path& log) {
    std::deque<unsigned> numbers;
    const auto prefix = log.filename().string() + ".";
    std::error_code error;
    fs::directory_iterator file(log.parent_path(), error);
    for (; !error && file != fs::directory_iterator(); file.increment(error)) {
        const auto name = file->path().filename().string();
        if (!name.starts_with(prefix)) continue;
        const auto* end = name.data() + name.size();
        unsigned number = 0;
        const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
        const bool canonical = parsed.ptr == end && number > 0 && name[prefix.size()] != '0';
        if (parsed.ec == std::errc{} && canonical) numbers.push_back(number);
    }
    if (error && error != std::errc::no_such_file_or_directory)
        throw Error(
            ErrorKind::log_directory,
            fmt::format("can not read {}: {}", log.parent_path().string(), error.message()));
    std::sort(numbers.begin(), numbers.end());
    if (file_exists(log)) numbers.push_front(0);
    return numbers;
}

}  // namespace

std::string LogLines::place() const {
    return fmt::format("{}, byte {}", file.string(), offset);
}

ChecksummedLogReader::ChecksummedLogReader(const fs::path& directory, std::string_view name)
    : path_(directory / name),
      numbers_(numbers_of(path_)),
      least_generation_(DirectoryState::read(directory).generation_of(name)),
      expected_(least_generation_ > 0) {
    for (const auto number : numbers_) {
        std::error_code ignored;
        if (file_exists(sidecar_of_rotated(path_, number)) ||
            fs::file_size(rotated_path(path_, number), ignored) > 0)
            expected_ = true;
    }
    if (least_generation_ > 0 && numbers_.empty()) warn(fmt::format("{} is gone", path_.string()));
}

std::optional<LogLines> ChecksummedLogReader::older() {
    for (;;) {
        if (auto lines = older_checked()) return lines;
        if (auto lines = older_unchecked()) return lines;
        if (!open_next_file()) return std::nullopt;
    }
}

bool ChecksummedLogReader::open_next_file() {
    bytes_read_before_ = bytes_read();
    unchecked_.reset();
    log_.reset();
    sums_.reset();
    unchecked_end_ = entries_left_ = 0;
    if (numbers_.empty()) return false;
    const auto number = numbers_.front();
    numbers_.pop_front();
    log_ = ReadableFile::open_if_there(rotated_path(path_, number));
    if (!log_) return true;  // rotated away meanwhile

    if (auto sums = ReadableFile::open_if_there(sidecar_of_rotated(path_, number)))
        open_checked(std::move(*sums));
    else if (least_generation_ == 0)
        unchecked_end_ = log_->size();
    else
        warn(fmt::format("{} has lost its checksums: not used", log_->path().string()));
    return true;
}

void ChecksummedLogReader::open_checked(ReadableFile sums) {
    sums_ = std::move(sums);
    const auto header = SidecarHeader::parse(sums_->read(0, SidecarHeader::bytes));
    if (!header) {
        warn(fmt::format("{} is damaged at its front: {} is not used", sums_->path().string(),
                         log_->path().string()));
        return;
    }
    if (header->generation < least_generation_) {
        warn(fmt::format("{} is from before the position was set anew: not used",
                         log_->path().string()));
        numbers_.clear();
        return;
    }
    least_generation_ = header->generation;
    const auto entry_bytes = sums_->size() - SidecarHeader::bytes;
    entries_left_ = entry_bytes / SidecarEntry::bytes;
    unchecked_end_ = std::min(header->adopted, log_->size());
    if (entry_bytes % SidecarEntry::bytes != 0)
        warn(fmt::format("the last line of {} is torn: skipped", sums_->path().string()));
    warn_of_bytes_behind();
}

/// Checksums reach the disk before their lines: what stands behind the last one was put there by
/// somebody else, or has lost its checksum.
void ChecksummedLogReader::warn_of_bytes_behind() {
    std::uint64_t checked_end = unchecked_end_;
    if (entries_left_ > 0) {
        const auto newest = entry(entries_left_ - 1);
        if (!newest) return;  // told when its record is read
        checked_end = newest->offset + newest->length;
    }
    if (checked_end < log_->size())
        warn(fmt::format("{}, byte {}: what stands from here on has no checksum: not used",
                         log_->path().string(), checked_end));
}

std::optional<LogLines> ChecksummedLogReader::older_checked() {
    while (entries_left_ > 0)
        if (auto lines = read_lines(--entries_left_)) return lines;
    return std::nullopt;
}

std::optional<SidecarEntry> ChecksummedLogReader::entry(std::uint64_t index) {
    const auto at = SidecarHeader::bytes + index * SidecarEntry::bytes;
    return SidecarEntry::parse(sums_->read(at, SidecarEntry::bytes));
}

std::optional<LogLines> ChecksummedLogReader::read_lines(std::uint64_t index) {
    const auto wanted = entry(index);
    if (!wanted) {
        warn(fmt::format("{}: checksum {} is damaged, its record is skipped",
                         sums_->path().string(), index + 1));
        return std::nullopt;
    }
    LogLines lines{{}, log_->path(), wanted->offset};
    if (wanted->offset > log_->size() || wanted->length > log_->size() - wanted->offset) {
        warn(fmt::format("{}: an unfinished or cut record, skipped", lines.place()));
        return std::nullopt;
    }
    lines.text = log_->read(wanted->offset, wanted->length);
    if (lines.text.size() != wanted->length || checksum(lines.text) != wanted->checksum) {
        warn(fmt::format("{}: a damaged record, skipped", lines.place()));
        return std::nullopt;
    }
    return lines;
}

std::optional<LogLines> ChecksummedLogReader::older_unchecked() {
    if (unchecked_end_ == 0) return std::nullopt;
    if (!unchecked_) {
        unchecked_.emplace(*log_, unchecked_end_);
        if (unchecked_->is_torn()) {
            warn(fmt::format("the last line of {} is torn: skipped", log_->path().string()));
            unchecked_->previous();
        }
    }
    while (auto line = unchecked_->previous())
        if (!line->text.empty()) return LogLines{std::move(line->text), log_->path(), line->offset};
    if (unchecked_->met_too_long())
        warn(fmt::format("{} holds what is no log line: what is before it is not used",
                         log_->path().string()));
    unchecked_end_ = 0;
    return std::nullopt;
}

void ChecksummedLogReader::warn(std::string warning) {
    if (warnings_.size() < most_warnings)
        warnings_.push_back(std::move(warning));
    else if (warnings_.size() == most_warnings)
        warnings_.push_back(fmt::format("and more of {} could not be used", path_.string()));
}

std::uint64_t ChecksummedLogReader::bytes_read() const noexcept {
    return bytes_read_before_ + (log_ ? log_->bytes_read() : 0) + (sums_ ? sums_->bytes_read() : 0);
}

}  // namespace dts
