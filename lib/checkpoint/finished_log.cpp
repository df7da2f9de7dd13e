#include "lib/checkpoint/finished_log.hpp"

#include <fmt/format.h>

#include <limits>

#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"
#include "lib/checkpoint/checksummed_log_reader.hpp"
#include "lib/checkpoint/position_record.hpp"

namespace dts {

namespace {

constexpr std::string_view task_finished_end = " | task finished";

/// A time, then nothing but the words.
bool says_task_finished(std::string_view line) noexcept {
    return line.ends_with(task_finished_end) &&
           parse_microsecond_text(line.substr(0, line.size() - task_finished_end.size()));
}

void read_line(std::string_view line, const std::string& place, const CodecRegistry& codecs,
               FinishedReading& reading, ChecksummedLogReader& reader) {
    if (says_task_finished(line)) {
        reading.is_task_finished = true;
        return;
    }
    try {
        const auto record = parse_record(line, codecs, RecordHeader::lenient);
        if (const auto* done = dynamic_cast<const SnapshotFinishedPosition*>(record.position.get()))
            reading.tables.insert(done->table);
        else
            reader.warn(fmt::format("{}: skipped: not a finished table", place));
    } catch (const Error& error) {
        if (is_unknown_type(line, codecs)) throw error.in(place);
        reader.warn(fmt::format("{}: skipped: {}", place, error.text()));
    }
}

}  // namespace

FinishedLog::FinishedLog(LogDirectory& directory)
    : log_(directory, std::string(name),
           {.rotate_bytes = std::numeric_limits<std::uint64_t>::max(), .after_step = {}}) {}

void FinishedLog::table_finished(const SnapshotTable& table) {
    SnapshotFinishedPosition position;
    position.table = table;
    log_.append(record_line(now_us(), RecordKind::any, position));
}

void FinishedLog::task_finished() {
    log_.append(fmt::format("{}{}\n", microsecond_text(now_us()), task_finished_end));
}

FinishedReading read_finished_log(const std::filesystem::path& directory,
                                  const CodecRegistry& codecs) {
    ChecksummedLogReader reader(directory, FinishedLog::name);
    FinishedReading reading;
    while (auto lines = reader.older()) {
        std::string_view line = lines->text;
        if (line.ends_with('\n')) line.remove_suffix(1);  // one line is appended at a time
        read_line(line, lines->place(), codecs, reading, reader);
    }
    reading.warnings = reader.warnings();
    return reading;
}

}  // namespace dts
