// Real binlog files, written by the servers, through the whole way from bytes to changes.
#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

using Lines = std::vector<std::string>;

struct RealFile {
    const char* name;
};
constexpr RealFile mysql{"mysql-9.7.binlog"};
constexpr RealFile mariadb{"mariadb-10.11.binlog"};

Lines without_commits(Lines lines) {
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("commit"); });
    return lines;
}

/// All of the file; the tables are dropped by now, so the events must say everything themselves.
Lines replay_file(const RealFile& file) {
    const std::string bytes = read_binlog_file(file.name);
    REQUIRE(bytes.size() > 4);
    // Some columns (MariaDB's own types) are known to the catalog alone; these tables have none.
    Replay replay({}, [](auto schema, auto) { return schema == "shop"; });
    replay.start("f", 4);
    for (const auto event : events_of(bytes)) replay.feed(event);
    CHECK_FALSE(replay.decoder.in_transaction());
    return replay.take_lines();
}

const Lines item_lines = {
    "insert item: - > 1,255,-12345.678,naïve €,ab,x01000000,2024-02-29T01:02:03.456000,"
    "1709168523456789,-45296780000,2024-02-29T00:00:00.000000,2024,257,2,5,a note,x00ff,1.5,-2.25",
    "insert item: - > 2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,"
    "NULL,NULL",
};

}  // namespace

TEST_CASE("replay: a binlog of MySQL 9.7 and of MariaDB 10.11 give the values that were inserted") {
    for (const auto& file : {mysql, mariadb}) {
        INFO(file.name);
        const Lines lines = without_commits(replay_file(file));
        REQUIRE(lines.size() > 9);
        CHECK(Lines(lines.begin(), lines.begin() + 2) == item_lines);
        CHECK(lines[2].starts_with("update item: 1,255,-12345.678"));
        CHECK(lines[2].find("> 1,255,0.500,b,ab") != std::string::npos);
        CHECK(lines[5].starts_with("remove item: 2,NULL"));
        CHECK(lines[5].ends_with("> -"));
        CHECK(lines[8] ==
              "insert item: - > 5,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,"
              "NULL,NULL,NULL,NULL,NULL,NULL,NULL,-5");
        CHECK(lines[9].find(std::string(300, 'z')) != std::string::npos);
    }
}

TEST_CASE("replay: JSON comes out as text") {
    const Lines lines = without_commits(replay_file(mysql));
    CHECK(lines[lines.size() - 2] ==
          "insert doc: - > 1,{\"a\": [1, 2.5, null, true, \"x\"], \"big\": 18446744073709551615}");
    CHECK(lines.back() == "insert doc: - > 2,[12.50, \"2024-02-29\", \"-01:02:03.500000\"]");
}

TEST_CASE("replay: the changes of a compressed transaction are marked at the outer event's end") {
    const Lines lines = replay_file(mysql);
    const auto found = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find(std::string(300, 'y')) != std::string::npos;
    });
    REQUIRE(found != lines.end());
    CHECK(*std::next(found) == "commit f:5146");
}

TEST_CASE("replay: resuming behind any mark gives what follows it, and nothing else") {
    for (const auto& file : {mysql, mariadb}) {
        const std::string bytes = read_binlog_file(file.name);
        const auto events = events_of(bytes);
        const Lines whole = replay_file(file);
        for (std::size_t i = 0; i < whole.size(); ++i) {
            if (!whole[i].starts_with("commit f:")) continue;
            const std::uint64_t offset = std::stoull(whole[i].substr(9));
            Replay replay({}, [](auto schema, auto) { return schema == "shop"; });
            replay.start("f", 4);
            replay.feed(events.front());
            replay.start("f", offset);
            for (const auto event : events) {
                if (static_cast<std::uint64_t>(event.data() - bytes.data()) >= offset)
                    replay.feed(event);
            }
            const auto rest = without_commits(replay.take_lines());
            CHECK(rest == without_commits(
                              Lines(whole.begin() + static_cast<std::ptrdiff_t>(i), whole.end())));
        }
    }
}

TEST_CASE("replay: damaged events are errors, and never read behind their end") {
    // The checksum is made to fit again, so that the damage reaches the decoders.
    std::size_t refused = 0;
    for (const auto& file : {mysql, mariadb}) {
        const std::string bytes = read_binlog_file(file.name);
        const auto events = events_of(bytes);
        for (std::size_t bad = 1; bad < events.size(); ++bad) {
            for (std::size_t byte = EventHeader::bytes; byte + 4 < events[bad].size(); byte += 3) {
                std::string damaged(events[bad]);
                damaged[byte] = static_cast<char>(damaged[byte] ^ (0x81 >> (byte % 3)));
                const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(damaged.data()),
                                         static_cast<uInt>(damaged.size() - 4));
                damaged.replace(damaged.size() - 4, 4, little<4>(crc));
                Replay replay({}, [](auto schema, auto) { return schema == "shop"; });
                replay.start("f", 4);
                try {
                    replay.feed(events.front());
                    for (std::size_t i = bad > 6 ? bad - 6 : 1; i < bad; ++i) {
                        try {
                            replay.feed(events[i]);
                        } catch (const Error&) {
                        }
                    }
                    replay.feed(damaged);
                    if (replay.decoder.has_batch()) lines_of(*replay.decoder.take());
                } catch (const Error& error) {
                    CHECK(error.kind() != ErrorKind::bug);
                    ++refused;
                }
            }
        }
    }
    CHECK(refused > 100);
}
