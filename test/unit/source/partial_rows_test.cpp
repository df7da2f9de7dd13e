// Rows and statements through the decoder: images that lack columns, notes, and what is refused.
#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "lib/source/mysql/transaction_decoder.hpp"
#include "test/unit/source/table_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct Decoder {
    MemoryCatalog catalog;
    TableRegistry tables{[](auto schema, auto table) { return schema == "d" && table == "t"; },
                         catalog};
    TransactionDecoder decoder{tables, {}};
    FormatDescription format;
    std::shared_ptr<const std::string> file = std::make_shared<const std::string>("f.1");
    std::shared_ptr<Chunk> chunk = Chunk::take(4096);

    Decoder() {
        catalog.tables["t"] = int_table("t", {"id", "a", "g"});
        catalog.tables["t"].schema.columns[2].generated = true;
        format.post_header_bytes.fill(10);
        decoder.start({file, 4}, nullptr, 0);
    }

    void feed(EventType type, const std::string& body, std::uint32_t time = 1000) {
        std::memcpy(chunk->data(), body.data(), body.size());
        BinlogEvent event;
        event.header.type = type;
        event.header.timestamp = time;
        event.body = {chunk->data(), body.size()};
        event.file = &file;
        event.begin = 4;
        event.end = 5;
        decoder.accept(event, format, chunk);
    }
    void query(const std::string& sql, std::uint32_t seconds = 0, std::uint32_t time = 1000) {
        feed(EventType::query,
             number(0, 4) + number(seconds, 4) + '\1' + number(0, 4) + "d" + '\0' + sql, time);
    }
    void begin() {
        query("BEGIN");
        feed(EventType::table_map, int_table_map(1, "t", 3));
    }
    static std::string head(const std::string& bitmaps) {
        return number(1, 6) + number(1, 2) + number(2, 2) + '\3' + bitmaps;
    }
};

std::string image(const std::vector<std::uint32_t>& values) {
    std::string bytes(1, '\0');
    for (const auto value : values) bytes += number(value, 4);
    return bytes;
}

}  // namespace

TEST_CASE("rows: an image without a column is partial, and a key it lacks is the old one") {
    Decoder source;
    source.begin();
    // MINIMAL: the key alone in front, what changed alone behind.
    source.feed(EventType::update_rows, Decoder::head("\1\2") + image({7}) + image({8}));
    const auto batch = source.decoder.take();
    REQUIRE(batch->changes.size() == 1);
    const auto& change = batch->changes[0];
    CHECK(change.partial);
    CHECK(change.before[1].kind() == ValueKind::absent);
    REQUIRE(change.after[0].kind() == ValueKind::int64);
    CHECK(change.after[0].as_int64() == 7);
    CHECK(change.after[1].as_int64() == 8);
}

TEST_CASE("rows: a key that changed is the new one") {
    Decoder source;
    source.begin();
    source.feed(EventType::update_rows, Decoder::head("\1\1") + image({7}) + image({9}));
    const auto batch = source.decoder.take();
    CHECK(batch->changes.at(0).after[0].as_int64() == 9);
    CHECK(batch->changes.at(0).after[1].kind() == ValueKind::absent);
}

TEST_CASE("rows: whole images are not partial, nor such that lack computed columns") {
    Decoder source;
    source.begin();
    source.feed(EventType::write_rows, Decoder::head("\7") + image({1, 2, 3}));
    source.feed(EventType::write_rows, Decoder::head("\3") + image({1, 2}));
    source.feed(EventType::delete_rows, Decoder::head("\1") + image({1}));
    const auto batch = source.decoder.take();
    REQUIRE(batch->changes.size() == 3);
    CHECK_FALSE(batch->changes[0].partial);
    CHECK_FALSE(batch->changes[1].partial);
    CHECK(batch->changes[2].partial);
}

TEST_CASE("rows: a definition statement that took its time ended when the table was made") {
    Decoder source;
    source.catalog.tables["t"].defined_at = 1030;
    SECTION("it passed") {
        CHECK_NOTHROW(source.query("ALTER TABLE t ADD g INT", 30));
    }
    SECTION("with a time of its own, in the future") {
        CHECK_NOTHROW(
            source.query("ALTER TABLE t ADD g INT", 1030u - 4'000'000'000u, 4'000'000'000u));
    }
    source.begin();
    CHECK_NOTHROW(source.feed(EventType::write_rows, Decoder::head("\7") + image({1, 2, 3})));
}

TEST_CASE("rows: before an alteration that is still to come they are refused") {
    Decoder source;
    source.catalog.tables["t"].defined_at = 1030;
    source.query("ALTER TABLE t ADD g INT", 29);
    source.begin();
    CHECK_THROWS_AS(source.feed(EventType::write_rows, Decoder::head("\7") + image({1, 2, 3})),
                    Error);
}

TEST_CASE("statements: a definition of a subscribed table is noted in the batch") {
    Decoder source;
    source.query("TRUNCATE TABLE t");
    REQUIRE(source.decoder.has_batch());
    CHECK(source.decoder.take()->notes.size() == 1);
    source.query("TRUNCATE TABLE t");
    CHECK(source.decoder.take()->notes.empty());
    source.query("TRUNCATE TABLE other.t");
    CHECK(source.decoder.take()->notes.empty());
}

TEST_CASE("statements: a batch that holds only a note is handed out") {
    Decoder source;
    source.query("BEGIN");
    CHECK_FALSE(source.decoder.has_batch());
    source.query("DROP TABLE t");
    REQUIRE(source.decoder.has_batch());
    CHECK(source.decoder.take()->notes.size() == 1);
}

TEST_CASE("statements: what may change any table through a function is refused") {
    Decoder source;
    source.query("BEGIN");
    for (const auto* sql : {"SELECT f()", "DO other.f()", "CALL p()",
                            "WITH x AS (SELECT 1) DELETE "
                            "FROM other.t",
                            "INSERT INTO t VALUES (1)"})
        CHECK_THROWS_AS(source.query(sql), Error);
    CHECK_NOTHROW(source.query("INSERT INTO other.t VALUES (1)"));
}
