// Positions and damage for the tests of the checkpoint room.
#pragma once

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/checkpoint/log_directory.hpp"
#include "lib/checkpoint/position_log.hpp"
#include "lib/checkpoint/position_reader.hpp"
#include "lib/position/mysql_position.hpp"
#include "lib/position/position_codec.hpp"
#include "test/unit/temporary_directory.hpp"

namespace dts {

inline const CodecRegistry& codecs() {
    static const CodecRegistry registry = all_codecs();
    return registry;
}

inline PositionPtr at(std::uint64_t offset) {
    auto position = std::make_shared<MysqlPosition>();
    position->binlog_filename = "mysql-bin.000004";
    position->next_event_position = offset;
    position->timestamp_ms = 1'728'547'258'000;
    return position;
}

/// The offset of a position made by at(); 0 for none.
inline std::uint64_t offset_of(const PositionPtr& position) {
    const auto* mysql = dynamic_cast<const MysqlPosition*>(position.get());
    return mysql == nullptr ? 0 : mysql->next_event_position;
}

inline PositionLogReading read_log(const std::filesystem::path& directory) {
    return read_position_log(directory, codecs(), "MysqlCdc");
}

inline std::optional<Error> thrown_by(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

/// What a task finds at its start: an offset, or 0 for a refusal. To find nothing and not to know
/// that something is missing would mean to start from now: that fails the test.
inline std::uint64_t offset_or_refusal(const std::filesystem::path& directory) {
    std::uint64_t offset = 0;
    const auto error = thrown_by([&] {
        const auto reading = read_log(directory);
        if (reading.position == nullptr && !reading.expected) FAIL("would start from now");
        offset = offset_of(reading.position);
    });
    if (error) CHECK(error->kind() == ErrorKind::checkpoint);
    return offset;
}

/// A pair as ape-dts writes it, or any log that has no checksums beside it.
inline std::string foreign_line(std::uint64_t offset) {
    return "2024-10-10 08:01:09.308022 | checkpoint_position | " + at(offset)->to_json() + "\n";
}

/// Calls for every way of damaging one byte of the file, and of cutting it; restores it after.
inline void each_damage(const std::filesystem::path& path,
                        const std::function<void(std::size_t byte, bool is_cut)>& check) {
    const auto whole = read_text(path);
    for (std::size_t byte = 0; byte < whole.size(); ++byte) {
        const char was = whole[byte];
        const auto flipped = [was](int bits) { return static_cast<char>(was ^ bits); };
        for (const char now : {flipped(1), flipped(0x20), flipped(0x80), '7', '\n', '\0'}) {
            if (now == was) continue;
            auto damaged = whole;
            damaged[byte] = now;
            write_text(path, damaged);
            INFO(path << ", byte " << byte << " is now " << static_cast<int>(now));
            check(byte, false);
        }
        write_text(path, std::string_view(whole).substr(0, byte));
        INFO(path << ", cut at byte " << byte);
        check(byte, true);
    }
    write_text(path, whole);
}

}  // namespace dts
