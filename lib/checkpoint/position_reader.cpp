#include "lib/checkpoint/position_reader.hpp"

#include <fmt/format.h>

#include <functional>

#include "lib/base/error.hpp"
#include "lib/checkpoint/checksummed_log_reader.hpp"
#include "lib/checkpoint/position_log.hpp"
#include "lib/checkpoint/position_record.hpp"

namespace dts {

namespace {

using OnRecord = std::function<bool(const PositionRecord&, const std::string& place)>;

/// Calls for every usable record, newest first, until it is told that that is enough (true).
void each_record(ChecksummedLogReader& reader, const CodecRegistry& codecs, const OnRecord& visit) {
    while (auto lines = reader.older()) {
        // Lines appended together are read from the last one back, too.
        std::string_view rest = lines->text;
        while (!rest.empty()) {
            if (rest.back() == '\n') rest.remove_suffix(1);
            const auto start = rest.rfind('\n') + 1;  // npos + 1 is 0
            const auto line = rest.substr(start);
            rest = rest.substr(0, start);
            const LogLines at{{}, lines->file, lines->offset + start};
            PositionRecord record;
            try {
                record = parse_record(line, codecs, RecordHeader::strict);
            } catch (const Error& error) {
                if (is_unknown_type(line, codecs)) throw error.in(at.place());
                reader.warn(fmt::format("{}: skipped: {}", at.place(), error.text()));
                continue;
            }
            if (visit(record, at.place())) return;
        }
    }
}

}  // namespace

PositionLogReading read_position_log(const std::filesystem::path& directory,
                                     const CodecRegistry& codecs, std::string_view type) {
    ChecksummedLogReader reader(directory, PositionLog::name);
    PositionLogReading reading;
    each_record(reader, codecs, [&](const PositionRecord& record, const std::string& place) {
        if (!record.resumes(type)) return false;
        reading.position = record.position;
        reading.place = place;
        return true;
    });
    reading.expected = reader.expected();
    reading.warnings = reader.warnings();
    reading.bytes_read = reader.bytes_read();
    return reading;
}

SnapshotReading read_snapshot_positions(const std::filesystem::path& directory,
                                        const CodecRegistry& codecs) {
    ChecksummedLogReader reader(directory, PositionLog::name);
    SnapshotReading reading;
    each_record(reader, codecs, [&](const PositionRecord& record, const std::string&) {
        if (!record.resumes("RdbSnapshot")) return false;
        if (const auto* position = dynamic_cast<const SnapshotPosition*>(record.position.get()))
            reading.positions.try_emplace(position->table, record.position);
        return false;
    });
    reading.expected = reader.expected();
    reading.warnings = reader.warnings();
    return reading;
}

}  // namespace dts
