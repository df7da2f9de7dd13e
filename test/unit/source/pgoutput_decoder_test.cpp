#include "lib/source/postgres/pgoutput_decoder.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "lib/position/postgres_position.hpp"
#include "test/unit/source/pgoutput_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct Decoding {
    explicit Decoding(std::uint64_t start = 0x1000, PgoutputDecoder::Options options = {})
        : decoder([](std::string_view schema, std::string_view) { return schema == "s"; },
                  std::move(options)) {
        decoder.start({start, 0});
    }
    Decoding& operator<<(const std::string& message) {
        // As the network's buffer, it is gone behind the call.
        std::string bytes = message;
        decoder.accept(as_message(bytes));
        std::fill(bytes.begin(), bytes.end(), '?');
        return *this;
    }
    /// s.t (id, v) with the primary key id.
    Decoding& with_table() {
        return *this << relation_message(1, "s", "t", 'd', {{"id", true}, {"v", false}});
    }
    std::string lsn_after(const ChangeBatch& batch, std::size_t mark) {
        return dynamic_cast<const PostgresPosition&>(*batch.trail->after_commit(mark)).to_json();
    }
    PgoutputDecoder decoder;
};

std::string text_of(const Value* row, std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) text += ',';
        const Value& v = row[i];
        text += v.kind() == ValueKind::absent      ? "absent"
                : v.kind() == ValueKind::unchanged ? "unchanged"
                : v.is_null()                      ? "NULL"
                                                   : std::string(v.as_view());
    }
    return text;
}

std::string fault_of(Decoding& decoding, const std::string& message) {
    try {
        decoding << message;
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::data);
        return error.text();
    }
    return "none";
}

}  // namespace

TEST_CASE("pgoutput: a transaction becomes its changes and a mark behind its commit record") {
    Decoding d;
    d.with_table();
    d << begin_message(0x2000) << change_message('I', 1, tuple('N', {"1", "a"}))
      << change_message('I', 1, tuple('N', {"2", std::nullopt})) << commit_message(0x2000, 0x2030);
    REQUIRE(d.decoder.has_batch());
    CHECK_FALSE(d.decoder.in_transaction());
    const auto batch = d.decoder.take();
    REQUIRE(batch->changes.size() == 2);
    CHECK(batch->changes[0].kind == ChangeKind::insert);
    CHECK(text_of(batch->changes[0].after, 2) == "1,a");
    CHECK(text_of(batch->changes[1].after, 2) == "2,NULL");
    CHECK(batch->changes[0].table->schema == "s");
    CHECK(batch->changes[0].table->row_key()->columns == std::vector<std::uint16_t>{0});
    REQUIRE(batch->commits.size() == 1);
    CHECK(batch->commits[0].change_end == 2);
    CHECK(batch->commits[0].commit_time_us == commit_time);
    CHECK(d.lsn_after(*batch, 0) ==
          R"({"type":"PgCdc","lsn":"0/2030","timestamp":"2024-10-10 08:12:31.421"})");
    CHECK_FALSE(batch->ends_inside_transaction());
}

TEST_CASE("pgoutput: an update without an old image has the key of the new one") {
    Decoding d;
    d.with_table();
    d << begin_message(0x2000) << change_message('U', 1, tuple('N', {"1", "b"}))
      << change_message('U', 1, tuple('K', {"1", std::nullopt}) + tuple('N', {"9", "b"}))
      << change_message('D', 1, tuple('K', {"9", std::nullopt})) << commit_message(0x2000, 0x2030);
    const auto batch = d.decoder.take();
    REQUIRE(batch->changes.size() == 3);
    CHECK(text_of(batch->changes[0].before, 2) == "1,absent");
    CHECK(text_of(batch->changes[0].after, 2) == "1,b");
    CHECK_FALSE(batch->changes[0].partial);
    CHECK(text_of(batch->changes[1].before, 2) == "1,absent");
    CHECK(text_of(batch->changes[1].after, 2) == "9,b");
    CHECK(text_of(batch->changes[2].before, 2) == "9,absent");
    CHECK_FALSE(batch->changes[2].partial);
    CHECK(batch->changes[0].table->columns[0].in_before);
    CHECK_FALSE(batch->changes[0].table->columns[1].in_before);
}

TEST_CASE("pgoutput: an unchanged value stays unchanged, never NULL, and makes the row partial") {
    Decoding d;
    d.with_table();
    d << begin_message(0x2000) << change_message('U', 1, tuple('N', {"1", unchanged}))
      << commit_message(0x2000, 0x2030);
    const auto batch = d.decoder.take();
    CHECK(text_of(batch->changes[0].after, 2) == "1,unchanged");
    CHECK(batch->changes[0].partial);
}

TEST_CASE("pgoutput: an unchanged value is taken from the old image where that holds it") {
    Decoding d;
    d << relation_message(1, "s", "t", 'f', {{"id", true}, {"v", true}}) << begin_message(0x2000)
      << change_message('U', 1, tuple('O', {"1", "long"}) + tuple('N', {"2", unchanged}))
      << commit_message(0x2000, 0x2030);
    const auto batch = d.decoder.take();
    CHECK(text_of(batch->changes[0].before, 2) == "1,long");
    CHECK(text_of(batch->changes[0].after, 2) == "2,long");
    CHECK_FALSE(batch->changes[0].partial);
    CHECK(batch->changes[0].table->row_key() == nullptr);
}

TEST_CASE("pgoutput: tables that are not subscribed give a mark without changes") {
    Decoding d;
    d << relation_message(2, "other", "t", 'd', {{"id", true}}) << begin_message(0x2000)
      << change_message('I', 2, tuple('N', {"1"})) << commit_message(0x2000, 0x2030);
    const auto batch = d.decoder.take();
    CHECK(batch->changes.empty());
    CHECK(batch->skipped_changes == 1);
    REQUIRE(batch->commits.size() == 1);
    CHECK(batch->commits[0].change_end == 0);
}

TEST_CASE("pgoutput: marks without changes between them become one, the last") {
    Decoding d;
    for (std::uint64_t lsn = 0x2000; lsn < 0x5000; lsn += 0x1000)
        d << begin_message(lsn) << commit_message(lsn, lsn + 0x30);
    d.decoder.moved_to(0x6000, commit_time);
    const auto batch = d.decoder.take();
    REQUIRE(batch->commits.size() == 1);
    CHECK(d.lsn_after(*batch, 0).find("\"0/6000\"") != std::string::npos);
}

TEST_CASE("pgoutput: a sign of life never moves the position back, nor inside a transaction") {
    Decoding d(0x3000);
    d.decoder.moved_to(0x2FFF, commit_time);
    d.decoder.moved_to(0x3000, commit_time);
    CHECK_FALSE(d.decoder.has_batch());
    d.with_table();
    d << begin_message(0x4000) << change_message('I', 1, tuple('N', {"1", "a"}));
    d.decoder.moved_to(0x5000, commit_time);
    const auto batch = d.decoder.take();
    CHECK(batch->commits.empty());
    CHECK(batch->ends_inside_transaction());
    CHECK(batch->trail->last_read()->to_json().find("\"0/3000\"") != std::string::npos);
}

TEST_CASE("pgoutput: a transaction that committed before the start is not applied again") {
    Decoding d(0x3000);
    d.with_table();
    d << begin_message(0x2F00) << change_message('I', 1, tuple('N', {"1", "a"}))
      << commit_message(0x2F00, 0x3000);
    // One that begins where the start is belongs to what follows.
    d << begin_message(0x3000) << change_message('I', 1, tuple('N', {"2", "b"}))
      << commit_message(0x3000, 0x3030);
    const auto batch = d.decoder.take();
    REQUIRE(batch->changes.size() == 1);
    CHECK(text_of(batch->changes[0].after, 2) == "2,b");
    CHECK(batch->commits.size() == 1);
}

TEST_CASE("pgoutput: a large transaction comes in batches, and its mark in the last of them") {
    Decoding d(0x1000, {{2, 8 << 20}});
    d.with_table();
    d << begin_message(0x2000) << change_message('I', 1, tuple('N', {"1", "a"}))
      << change_message('I', 1, tuple('N', {"2", "a"}));
    REQUIRE(d.decoder.is_full());
    const auto first = d.decoder.take();
    CHECK(first->ends_inside_transaction());
    CHECK(first->commits.empty());
    d << change_message('I', 1, tuple('N', {"3", "a"})) << commit_message(0x2000, 0x2030);
    const auto second = d.decoder.take();
    CHECK(second->changes.size() == 1);
    CHECK(second->commits.size() == 1);
    // Each batch keeps alive what its changes point to.
    CHECK(second->tables.size() == 1);
}

TEST_CASE("pgoutput: another definition of a table counts from its message on") {
    Decoding d;
    d.with_table();
    d << begin_message(0x2000) << change_message('I', 1, tuple('N', {"1", "a"}));
    d.with_table();  // the same again
    d << change_message('I', 1, tuple('N', {"2", "a"}))
      << relation_message(1, "s", "t", 'd', {{"id", true}, {"v", false}, {"w", false}})
      << change_message('I', 1, tuple('N', {"3", "a", "new"})) << commit_message(0x2000, 0x2030);
    const auto batch = d.decoder.take();
    CHECK(batch->changes[0].table == batch->changes[1].table);
    CHECK(batch->changes[0].table != batch->changes[2].table);
    CHECK(batch->changes[2].table->columns.size() == 3);
    CHECK(batch->tables.size() == 2);
}

TEST_CASE("pgoutput: TRUNCATE that is not wanted is said once for each table") {
    Decoding d;
    d.with_table();
    d << begin_message(0x2000) << truncate_message({1}) << truncate_message({1})
      << commit_message(0x2000, 0x2030);
    const auto batch = d.decoder.take();
    REQUIRE(batch->notes.size() == 1);
    CHECK(batch->notes[0].find("is not applied to the target") != std::string::npos);
    CHECK(batch->changes.empty());
}

TEST_CASE("pgoutput: TRUNCATE is a change of each subscribed table, between the others") {
    Decoding d(0x1000, {{}, true});
    d.with_table();
    d << relation_message(2, "s", "u", 'd', {{"id", true}})
      << relation_message(3, "other", "t", 'd', {{"id", true}}) << begin_message(0x2000)
      << change_message('I', 1, tuple('N', {"1", "a"})) << truncate_message({1, 3, 2}, 2)
      << change_message('I', 1, tuple('N', {"2", "a"})) << commit_message(0x2000, 0x2030);
    const auto batch = d.decoder.take();
    REQUIRE(batch->changes.size() == 4);
    CHECK(batch->changes[1].kind == ChangeKind::truncate);
    CHECK(batch->changes[1].table->table == "t");
    CHECK(batch->changes[2].kind == ChangeKind::truncate);
    CHECK(batch->changes[2].table->table == "u");
    CHECK(batch->tables.size() == 2);
    CHECK(batch->skipped_changes == 1);
    // RESTART IDENTITY is said, as sequences do not travel.
    CHECK(batch->notes.size() == 2);
}

TEST_CASE("pgoutput: types, origins and messages of others are passed over") {
    Decoding d;
    std::string type = "Y";
    put_be(type, 99, 4);
    type.append("s").append(1, '\0').append("mood").append(1, '\0');
    std::string origin = "O";
    put_be(origin, 1, 8);
    origin.append("other").append(1, '\0');
    d << begin_message(0x2000) << type << origin << commit_message(0x2000, 0x2030);
    CHECK(d.decoder.take()->commits.size() == 1);
}

TEST_CASE("pgoutput: what makes no sense is refused, never guessed") {
    Decoding d;
    d.with_table();
    CHECK(fault_of(d, change_message('I', 1, tuple('N', {"1", "a"}))) ==
          "a change outside of a transaction");
    CHECK(fault_of(d, commit_message(1, 2)) == "a commit without a transaction");
    d << begin_message(0x2000);
    CHECK(fault_of(d, begin_message(0x2000)) == "a transaction inside another");
    CHECK(fault_of(d, change_message('I', 9, tuple('N', {"1"}))) ==
          "a change of table 9, which was not described");
    CHECK(fault_of(d, change_message('I', 1, tuple('N', {"1"}))) ==
          "a row of 1 columns, its table has 2");
    CHECK(fault_of(d, change_message('I', 1, tuple('X', {"1", "a"}))) != "none");
    CHECK(fault_of(d, change_message('I', 1, tuple('N', {"1", "a"})) + "tail") ==
          "4 bytes behind the end of a message");
    CHECK(fault_of(d, "?") == "a pgoutput message of the unknown kind 63");
    CHECK(fault_of(d, commit_message(0x800, 0x900)) != "none");
}

TEST_CASE("pgoutput: a message that is cut anywhere is refused") {
    const std::string whole[] = {
        begin_message(0x2000),
        change_message('U', 1, tuple('K', {"1", std::nullopt}) + tuple('N', {"2", "text"}))};
    for (const auto& message : whole) {
        for (std::size_t bytes = 0; bytes < message.size(); ++bytes) {
            Decoding d;
            d.with_table();
            if (message[0] != 'B') d << begin_message(0x2000);
            CHECK(fault_of(d, message.substr(0, bytes)) != "none");
        }
    }
}
