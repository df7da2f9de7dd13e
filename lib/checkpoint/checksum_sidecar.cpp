#include "lib/checkpoint/checksum_sidecar.hpp"

#include <fmt/format.h>

#include <charconv>

#include "lib/base/durable_file.hpp"
#include "lib/checkpoint/checksum.hpp"

namespace dts {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view header_start = "dts checksums 1 generation ";
constexpr std::string_view header_middle = " adopted ";

std::string sealed(std::string line) {
    line += ' ';
    line += fmt::format("{:08x}\n", checksum(line));
    return line;
}

/// The number of these hex digits; 0 where they are damaged: the caller compares the whole line.
template <typename Number>
Number hex(std::string_view text, std::size_t from, std::size_t digits) {
    Number number = 0;
    std::from_chars(text.data() + from, text.data() + from + digits, number, 16);
    return number;
}

}  // namespace

std::string SidecarHeader::text() const {
    return sealed(
        fmt::format("{}{:016x}{}{:016x}", header_start, generation, header_middle, adopted));
}

std::optional<SidecarHeader> SidecarHeader::parse(std::string_view text) {
    if (text.size() != bytes) return std::nullopt;
    SidecarHeader header;
    header.generation = hex<std::uint64_t>(text, header_start.size(), 16);
    header.adopted = hex<std::uint64_t>(text, header_start.size() + 16 + header_middle.size(), 16);
    if (header.text() != text) return std::nullopt;
    return header;
}

std::string SidecarEntry::text() const {
    return sealed(fmt::format("{:016x} {:08x} {:08x}", offset, length, checksum));
}

std::optional<SidecarEntry> SidecarEntry::parse(std::string_view text) {
    if (text.size() != bytes) return std::nullopt;
    SidecarEntry entry;
    entry.offset = hex<std::uint64_t>(text, 0, 16);
    entry.length = hex<std::uint32_t>(text, 17, 8);
    entry.checksum = hex<std::uint32_t>(text, 26, 8);
    if (entry.text() != text) return std::nullopt;
    return entry;
}

SidecarEntry entry_of(std::uint64_t offset, std::string_view lines) {
    return {offset, static_cast<std::uint32_t>(lines.size()), checksum(lines)};
}

fs::path sidecar_path(const fs::path& log) {
    auto path = log;
    path += ".sum";
    return path;
}

fs::path rotated_path(const fs::path& log, unsigned number) {
    auto path = log;
    if (number > 0) path += fmt::format(".{}", number);
    return path;
}

fs::path sidecar_of_rotated(const fs::path& log, unsigned number) {
    const auto own = sidecar_path(rotated_path(log, number));
    const auto next = rotated_path(log, number + 1);
    const auto moved_on = sidecar_path(next);
    return !file_exists(own) && file_exists(moved_on) && !file_exists(next) ? moved_on : own;
}

}  // namespace dts
