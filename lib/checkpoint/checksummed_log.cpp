#include "lib/checkpoint/checksummed_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/checkpoint/backward_lines.hpp"
#include "lib/checkpoint/checksum_sidecar.hpp"
#include "lib/checkpoint/readable_file.hpp"

namespace dts {

namespace fs = std::filesystem;

ChecksummedLog::ChecksummedLog(LogDirectory& directory, std::string name,
                               ChecksummedLogOptions options)
    : directory_(directory),
      name_(std::move(name)),
      path_(directory.path() / name_),
      options_(std::move(options)) {
    if (options_.rotated_files == 0)
        throw Error(ErrorKind::bug, "a log is rotated into one file at least");
}

void ChecksummedLog::append(std::string_view lines) {
    write(lines, false);
}

void ChecksummedLog::begin_generation(std::string_view lines) {
    write(lines, true);
}

void ChecksummedLog::write(std::string_view lines, bool begins_generation) {
    if (failed_)
        throw Error(ErrorKind::durability,
                    fmt::format("{} is not written to again after a failed write", path_.string()));
    failed_ = true;  // until all of it has succeeded
    open();
    if (begins_generation) {
        begin_file(++generation_, lines);
    } else if (!log_ || log_->size() + lines.size() > options_.rotate_bytes) {
        begin_file(generation_, lines);
    } else {
        sums_->append_durably(entry_of(log_->size(), lines).text());
        step("checksum appended");
        log_->append_durably(lines);
        step("lines appended");
    }
    record_generation();
    failed_ = false;
}

/// Finds out what is there: a log that goes on, one to adopt, or one that can only be put aside.
void ChecksummedLog::open() {
    if (is_open_) return;
    finish_interrupted_rotation();
    generation_ = std::max<std::uint64_t>(directory_.generation_of(name_), 1);
    const bool was_begun = directory_.generation_of(name_) > 0;

    const auto sums_path = sidecar_path(path_);
    auto log = ReadableFile::open_if_there(path_);
    auto sums = ReadableFile::open_if_there(sums_path);
    if (log && !sums && !was_begun) {
        adopt();
        log = ReadableFile::open_if_there(path_);
        sums = ReadableFile::open_if_there(sums_path);
    }
    is_open_ = true;
    if (!log || !sums) return;

    const auto header = SidecarHeader::parse(sums->read(0, SidecarHeader::bytes));
    if (!header || header->generation < generation_) return;
    generation_ = header->generation;

    log_.emplace(path_);
    sums_.emplace(sums_path);
    const auto whole_lines = end_of_last_line(*log);
    if (whole_lines < log->size()) log_->truncate(whole_lines);
    record_generation();  // a crash may have come before it
    const auto torn_entry = (sums->size() - SidecarHeader::bytes) % SidecarEntry::bytes;
    if (torn_entry > 0) sums_->truncate(sums->size() - torn_entry);
}

/// Gives a log from elsewhere its checksums. One without a whole line holds nothing: it goes.
void ChecksummedLog::adopt() {
    auto log = ReadableFile::open_if_there(path_);
    const auto whole_lines = end_of_last_line(*log);
    if (whole_lines == 0) {
        remove_durably(path_);
        step("empty log removed");
        return;
    }
    replace_file(sidecar_path(path_), SidecarHeader{generation_, whole_lines}.text());
    step("log adopted");
}

void ChecksummedLog::finish_interrupted_rotation() {
    for (unsigned number = options_.rotated_files; number-- > 0;) {
        const auto from = rotated_path(path_, number);
        if (file_exists(from) &&
            sidecar_of_rotated(path_, number) == sidecar_path(rotated_path(path_, number + 1)))
            rename_durably(from, rotated_path(path_, number + 1));
    }
}

void ChecksummedLog::begin_file(std::uint64_t generation, std::string_view lines) {
    auto fresh = path_;
    fresh += ".new";
    log_.reset();
    sums_.reset();
    write_new_file(sidecar_path(fresh),
                   SidecarHeader{generation, 0}.text() + entry_of(0, lines).text());
    step("new checksums written");
    write_new_file(fresh, lines);
    sync_folder(directory_.path());
    step("new log written");

    shift_rotated();
    rename_durably(sidecar_path(fresh), sidecar_path(path_));
    step("new checksums in place");
    rename_durably(fresh, path_);
    step("new log in place");
    log_.emplace(path_);
    sums_.emplace(sidecar_path(path_));
}

void ChecksummedLog::shift_rotated() {
    unsigned end = 0;  // the first number without a log: those before it move on by one
    while (end <= options_.rotated_files && file_exists(rotated_path(path_, end))) ++end;
    if (end > options_.rotated_files) {
        const auto oldest = rotated_path(path_, --end);
        remove_durably(oldest);
        remove_durably(sidecar_path(oldest));
        step("oldest removed");
    }
    while (end-- > 0) {
        const auto from = rotated_path(path_, end);
        const auto to = rotated_path(path_, end + 1);
        if (file_exists(sidecar_path(from))) {
            rename_durably(sidecar_path(from), sidecar_path(to));
            step("checksums moved on");
        } else {
            remove_durably(sidecar_path(to));
        }
        rename_durably(from, to);
        step("log moved on");
    }
}

void ChecksummedLog::record_generation() {
    if (directory_.generation_of(name_) >= generation_) return;
    directory_.record_generation(name_, generation_);
    step("generation recorded");
}

void ChecksummedLog::step(std::string_view name) const {
    if (options_.after_step) options_.after_step(name);
}

}  // namespace dts
