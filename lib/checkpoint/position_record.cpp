#include "lib/checkpoint/position_record.hpp"

#include <fmt/format.h>

#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr std::string_view current_name = "current_position";
constexpr std::string_view checkpoint_name = "checkpoint_position";

[[noreturn]] void fail(std::string_view what) {
    throw Error(ErrorKind::checkpoint, std::string(what));
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

struct LineParts {
    std::string_view header;  ///< what stands before the JSON
    std::string_view json;
};

LineParts split(std::string_view line) {
    const auto start = line.find('{');
    const auto end = line.rfind('}');
    if (start == std::string_view::npos || end == std::string_view::npos || end < start)
        fail("no record: it holds no {json}");
    return {line.substr(0, start), line.substr(start, end + 1 - start)};
}

bool is_time(std::string_view text) noexcept {
    return parse_microsecond_text(text).has_value();
}

bool read_kind(std::string_view text, RecordKind& kind) noexcept {
    if (text == current_name) kind = RecordKind::current;
    if (text == checkpoint_name) kind = RecordKind::checkpoint;
    return text == current_name || text == checkpoint_name;
}

/// "time | kind | " exactly.
RecordKind parse_strict(std::string_view header) {
    constexpr std::string_view separator = " | ";
    const auto bar = header.find(separator);
    if (bar == std::string_view::npos || !is_time(header.substr(0, bar)))
        fail("no record: it does not begin with a time like \"2024-10-10 08:01:09.308022 | \"");
    RecordKind kind = RecordKind::any;
    const auto rest = header.substr(bar + separator.size());
    if (!rest.ends_with(separator) ||
        !read_kind(rest.substr(0, rest.size() - separator.size()), kind))
        fail("no record: its kind is neither current_position nor checkpoint_position");
    return kind;
}

/// Time and kind in their order, each of them or both missing.
RecordKind parse_lenient(std::string_view header) {
    RecordKind kind = RecordKind::any;
    bool time_seen = false;
    for (auto rest = header; !rest.empty();) {
        const auto bar = rest.find('|');
        const auto part = trim(rest.substr(0, bar));
        rest.remove_prefix(bar == std::string_view::npos ? rest.size() : bar + 1);
        if (part.empty()) continue;
        const bool is_first_time = !time_seen && kind == RecordKind::any && is_time(part);
        time_seen = time_seen || is_first_time;
        if (is_first_time || (kind == RecordKind::any && read_kind(part, kind))) continue;
        fail(
            fmt::format("no record: \"{}\" is neither a time nor current_position or "
                        "checkpoint_position",
                        part));
    }
    return kind;
}

}  // namespace

RecordKind resume_kind(std::string_view type) noexcept {
    return type == "MongoCdc" || type == "RdbSnapshot" ? RecordKind::current
                                                       : RecordKind::checkpoint;
}

std::string record_line(std::int64_t time_us, RecordKind kind, const Position& position) {
    std::string line = microsecond_text(time_us);
    line += " | ";
    if (kind != RecordKind::any) {
        line += kind == RecordKind::current ? current_name : checkpoint_name;
        line += " | ";
    }
    line += position.to_json();
    line += '\n';
    return line;
}

PositionRecord parse_record(std::string_view line, const CodecRegistry& codecs,
                            RecordHeader header) {
    const auto parts = split(line);
    PositionRecord record;
    record.kind =
        header == RecordHeader::strict ? parse_strict(parts.header) : parse_lenient(parts.header);
    record.position = codecs.decode(parts.json);
    return record;
}

bool is_unknown_type(std::string_view line, const CodecRegistry& codecs) noexcept {
    try {
        return codecs.find(record_type(split(line).json)) == nullptr;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace dts
