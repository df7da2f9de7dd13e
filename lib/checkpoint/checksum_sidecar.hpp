// The form of NAME.sum, the checksums beside a log. Text of fixed width, so that entry i is found
// without reading the ones before it:
//
//     dts checksums 1 generation 0000000000000001 adopted 0000000000000000 5d6f7a01
//     0000000000000000 0000015e 89abcdef 01234567        offset, length, checksum of these bytes
//
// The last number of each line is the checksum of the line before it. `adopted`: so many bytes at
// the front of the log were there before its checksums (a log moved over from elsewhere).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace dts {

struct SidecarHeader {
    static constexpr std::size_t bytes = 78;

    std::uint64_t generation = 0;
    std::uint64_t adopted = 0;

    std::string text() const;
    /// Nothing when a byte of it is damaged.
    static std::optional<SidecarHeader> parse(std::string_view text);
};

struct SidecarEntry {
    static constexpr std::size_t bytes = 44;

    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t checksum = 0;

    std::string text() const;
    static std::optional<SidecarEntry> parse(std::string_view text);
};

/// The entry for lines that stand, or will stand, at that offset of the log.
SidecarEntry entry_of(std::uint64_t offset, std::string_view lines);

/// position.log -> position.log.sum
std::filesystem::path sidecar_path(const std::filesystem::path& log);

/// position.log, 2 -> position.log.2; 0 is the log itself.
std::filesystem::path rotated_path(const std::filesystem::path& log, unsigned number);

/// Where the checksums of position.log.NUMBER are. Rotation moves them before their log, so after a
/// crash in between they already have the next number; a path to nothing when it has none.
std::filesystem::path sidecar_of_rotated(const std::filesystem::path& log, unsigned number);

}  // namespace dts
