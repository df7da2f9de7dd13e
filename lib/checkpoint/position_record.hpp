// One line of position.log, finished.log or a resume file: `time | kind | {json}`. The JSON runs
// from the first "{" to the last "}" of the line. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/position/position.hpp"
#include "lib/position/position_codec.hpp"

namespace dts {

/// `any`: the line names no kind (finished.log, or written by hand).
enum class RecordKind : std::uint8_t { any, current, checkpoint };

/// The kind of record from which a task with positions of this type resumes: the checkpoint of
/// MysqlCdc and PgCdc, the current position of MongoCdc and RdbSnapshot.
RecordKind resume_kind(std::string_view type) noexcept;

struct PositionRecord {
    RecordKind kind = RecordKind::any;
    PositionPtr position;

    /// Whether a task with positions of this type may resume from it.
    bool resumes(std::string_view type) const noexcept {
        return position->type() == type && (kind == RecordKind::any || kind == resume_kind(type));
    }
};

/// A whole line, its "\n" included.
std::string record_line(std::int64_t time_us, RecordKind kind, const Position& position);

/// `strict`: time and kind as the logs write them; `lenient`: either or both may be missing.
enum class RecordHeader : std::uint8_t { strict, lenient };

/// Throws Error{checkpoint} saying what is wrong with the line; is_unknown_type tells damage from a
/// type that is not known.
PositionRecord parse_record(std::string_view line, const CodecRegistry& codecs,
                            RecordHeader header);

/// True when the line is a whole record but of a type that no codec reads: not damage, but a file
/// that this program must not guess about.
bool is_unknown_type(std::string_view line, const CodecRegistry& codecs) noexcept;

}  // namespace dts
