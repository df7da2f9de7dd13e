// The file `identity` in a log directory: whose position the directory holds, and which logs were
// begun there. Small, replaced whole, guarded by a checksum: a damaged one is refused, for without
// it a checkpoint of another source could be used. Reading needs no lock.
//
//     dts log directory 1
//     source: mysql 9663a096-8adc-11ef-b617-0242ac110002
//     exactly_once_target: ...
//     generation of position.log: 1
//     checksum: 1a2b3c4d
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dts {

struct DirectoryState {
    /// Names the source that the positions belong to; one line.
    std::optional<std::string> source;

    /// Names the target's checkpoint that position.log is the echo of; one line. Nothing: the log
    /// never had a counterpart.
    std::optional<std::string> exactly_once_target;

    /// Per log (position.log, finished.log): 0 or missing: never begun here. It rises when a log is
    /// begun anew; records of lower generations do not count any more.
    std::map<std::string, std::uint64_t, std::less<>> generations;

    std::uint64_t generation_of(std::string_view log) const;

    /// The state of a directory; an empty one when there is no such file. Throws Error{checkpoint}
    /// when the file is damaged, Error{log_directory} when it can not be read.
    static DirectoryState read(const std::filesystem::path& directory);

    /// On disk when it returns. Throws Error{durability}.
    void write(const std::filesystem::path& directory) const;

    std::string text() const;
};

/// Throws Error{checkpoint} naming both when the directory's positions belong to another source, or
/// when a log was begun there but whose it is has been lost. A directory without a log of ours
/// fits every source.
void require_source(const std::filesystem::path& directory, std::string_view source);

}  // namespace dts
