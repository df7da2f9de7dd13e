// The resume file ([resumer] resume_config_file): records of either log, written by a person. Time,
// kind or both may be missing; blank lines and # comments are skipped; the last record wins.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/checkpoint/position_record.hpp"
#include "lib/position/position_codec.hpp"
#include "lib/position/snapshot_position.hpp"

namespace dts {

struct ResumeFileReading {
    struct Line {
        PositionRecord record;
        std::size_t number = 0;  ///< from 1
    };

    std::filesystem::path path;
    bool is_missing = false;
    std::vector<Line> lines;               ///< the usable ones, in the file's order
    std::size_t last_unreadable_line = 0;  ///< 0: none
    std::vector<std::string> warnings;     ///< the unreadable ones

    /// The record from which a task with positions of this type resumes; nullptr where there is
    /// none. Throws Error{checkpoint} when an unreadable line is the last word: it must not let an
    /// older record, or the source's current end, win.
    const Line* last(std::string_view type) const;

    /// The last position of each table, and the tables that are done; throws as last does.
    std::map<SnapshotTable, PositionPtr> snapshot_positions() const;
    std::set<SnapshotTable> finished_tables() const;

    /// "resume.config, line 3"
    std::string place(std::size_t line) const;
};

/// A file that is not there is told in the result. Throws Error{checkpoint} for a record of an
/// unknown type (naming the known ones), Error{config} when the file can not be read.
ResumeFileReading read_resume_file(const std::filesystem::path& path, const CodecRegistry& codecs);

}  // namespace dts
