#include "lib/source/mysql/binlog_cursor.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

}  // namespace

TEST_CASE("binlog cursor: offsets go on beyond 4 GiB where the events' own wrap") {
    EventBuilder build(four_gib - 40);
    BinlogCursor cursor;
    cursor.start("binlog.000001", four_gib - 40);
    for (int i = 0; i < 5; ++i) {
        const std::string raw = build.xid();
        const auto event = cursor.read(bytes_of(raw));
        CHECK(event.end == build.offset());
    }
    CHECK(build.offset() > four_gib);
}

TEST_CASE("binlog cursor: an event that ends at a multiple of 4 GiB has the position 0") {
    EventBuilder build(four_gib - 31);
    BinlogCursor cursor;
    cursor.start("binlog.000001", four_gib - 31);
    const std::string raw = build.xid();
    CHECK(cursor.read(bytes_of(raw)).end == four_gib);
}

TEST_CASE("binlog cursor: events that were not sent are passed over") {
    EventBuilder build(500);
    BinlogCursor cursor;
    cursor.start("binlog.000001", 500);
    build.jump(700);
    const std::string raw = build.xid();
    const auto event = cursor.read(bytes_of(raw));
    CHECK(event.end == 731);
}

TEST_CASE("binlog cursor: a damaged event is refused, wherever the damage is") {
    EventBuilder build(4);
    const std::string good = build.query("BEGIN");
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 0x10);
        if (i == 4) continue;  // the type: may turn it into one that has no checksum of its own
        BinlogCursor cursor;
        cursor.start("binlog.000001", 4);
        INFO("byte " << i);
        CHECK_THROWS_AS(cursor.read(bytes_of(bad)), Error);
    }
}

TEST_CASE("binlog cursor: a ROTATE names the file with and without a checksum behind it") {
    EventBuilder build;
    const std::string with = build.rotate("binlog.000123", 4, true);
    std::string without = with.substr(0, with.size() - 4);
    without.replace(9, 4, little<4>(without.size()));
    for (const auto& raw : {with, without}) {
        BinlogCursor cursor;
        cursor.start("binlog.000122", 99);
        const auto event = cursor.read(bytes_of(raw));
        CHECK(**event.file == "binlog.000123");
        CHECK(event.end == 4);
    }
}

TEST_CASE("binlog cursor: the artificial ROTATE at the start moves nothing") {
    EventBuilder build;
    BinlogCursor cursor;
    cursor.start("binlog.000001", 4711);
    const std::string raw = build.rotate("binlog.000001", 4711, true);
    CHECK(cursor.read(bytes_of(raw)).end == 4711);
}

TEST_CASE("binlog cursor: heartbeats of both versions move the position, never back") {
    EventBuilder build(1000);
    BinlogCursor cursor;
    cursor.start("binlog.000001", 1000);
    build.jump(1500 - 19 - 13 - 4);
    const std::string first = build.event(EventType::heartbeat, "binlog.000001", 0, 0);
    CHECK(cursor.read(bytes_of(first)).end == 1500);
    const std::string body = unhex("01 0d") + "binlog.000001" + unhex("02 09 fe") +
                             little<8>(four_gib + 7) + unhex("00");
    const std::string second = build.event(EventType::heartbeat_v2, body, 0, 0);
    CHECK(cursor.read(bytes_of(second)).end == four_gib + 7);
    const std::string older = build.event(EventType::heartbeat, "binlog.000000", 0, 0);
    CHECK(cursor.read(bytes_of(older)).end == four_gib + 7);
}
