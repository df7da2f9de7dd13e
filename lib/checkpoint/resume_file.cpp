#include "lib/checkpoint/resume_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/checkpoint/readable_file.hpp"

namespace dts {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) noexcept {
    const auto start = text.find_first_not_of(blanks);
    if (start == std::string_view::npos) return {};
    return text.substr(start, text.find_last_not_of(blanks) + 1 - start);
}

void read_line(std::string_view line, std::size_t number, const CodecRegistry& codecs,
               ResumeFileReading& reading) {
    if (line.empty() || line.front() == '#' || line.ends_with("| task finished")) return;
    try {
        reading.lines.push_back({parse_record(line, codecs, RecordHeader::lenient), number});
    } catch (const Error& error) {
        const auto place = reading.place(number);
        if (is_unknown_type(line, codecs)) throw error.in(place);
        reading.last_unreadable_line = number;
        reading.warnings.push_back(fmt::format("{}: skipped: {}", place, error.text()));
    }
}

std::string content_of(const std::filesystem::path& path, bool& is_missing) {
    try {
        auto file = ReadableFile::open_if_there(path);
        is_missing = !file;
        return file ? file->read(0, file->size()) : std::string();
    } catch (const Error& error) {
        throw error.as(ErrorKind::config).in("resume_config_file");
    }
}

}  // namespace

ResumeFileReading read_resume_file(const std::filesystem::path& path, const CodecRegistry& codecs) {
    ResumeFileReading reading;
    reading.path = path;
    const auto content = content_of(path, reading.is_missing);
    std::size_t number = 0;
    for (std::string_view rest = content; !rest.empty();) {
        const auto end = rest.find('\n');
        read_line(trim(rest.substr(0, end)), ++number, codecs, reading);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return reading;
}

const ResumeFileReading::Line* ResumeFileReading::last(std::string_view type) const {
    const auto found = std::find_if(lines.rbegin(), lines.rend(),
                                    [&](const Line& line) { return line.record.resumes(type); });
    if (last_unreadable_line > (found == lines.rend() ? 0 : found->number))
        throw Error(ErrorKind::checkpoint,
                    fmt::format("{} can not be read, and no record stands behind it",
                                place(last_unreadable_line)),
                    "mend that line, or put # in front of it");
    return found == lines.rend() ? nullptr : &*found;
}

std::map<SnapshotTable, PositionPtr> ResumeFileReading::snapshot_positions() const {
    std::map<SnapshotTable, PositionPtr> positions;
    if (last("RdbSnapshot") == nullptr) return positions;
    for (const auto& line : lines)
        if (const auto* position =
                dynamic_cast<const SnapshotPosition*>(line.record.position.get());
            position != nullptr && line.record.resumes(position->type()))
            positions[position->table] = line.record.position;
    return positions;
}

std::set<SnapshotTable> ResumeFileReading::finished_tables() const {
    std::set<SnapshotTable> tables;
    for (const auto& line : lines)
        if (const auto* done =
                dynamic_cast<const SnapshotFinishedPosition*>(line.record.position.get()))
            tables.insert(done->table);
    return tables;
}

std::string ResumeFileReading::place(std::size_t line) const {
    return fmt::format("{}, line {}", path.string(), line);
}

}  // namespace dts
