#include "lib/source/mongo/oplog_decoder.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/mongo_changes.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// An oplog in memory, of entries that fetch() finds again.
struct Oplog {
    std::vector<std::string> entries;

    std::string fetch(BsonTimestamp time) const {
        for (const auto& entry : entries)
            if (OplogEntry(entry).place.time == time) return entry;
        throw Error(ErrorKind::gap, "the oplog no longer holds it");
    }
};

void run(OplogDecoder& decoder, const std::vector<std::string>& entries) {
    for (const auto& entry : entries) {
        decoder.accept(entry);
        while (decoder.is_inside_chain()) decoder.step();
    }
}

/// As change_text() would say it; empty for what is no change of a document.
std::string expected_text(const std::string& change) {
    const auto kind = text_in(change, "kind");
    const auto name = text_in(change, "ns");
    if (kind == "insert")
        return fmt::format("insert {} {}", name, json_of(document_in(change, "document")));
    if (kind != "update" && kind != "delete") return {};
    const auto id = find_element(document_in(change, "key"), "_id");
    const auto holder = document_in(change, "key");
    std::string key;
    append_document_key(key, *find_element(holder, "_id"));
    REQUIRE(id);
    if (kind == "delete") return fmt::format("delete {} {}", name, key_text(key));
    const auto o = document_in(change, "o");
    const auto first = BsonReader(o).next();
    if (first && first->name.starts_with('$'))
        return fmt::format("update {} {} {}", name, key_text(key), json_of(o));
    return fmt::format("replace {} {}", name, json_of(o));
}

const char* const part =
    R"({"op":"c","ns":"admin.$cmd","o":{"applyOps":[{"op":"i","ns":"a.b","o":{"_id":1}}],)"
    R"("partialTxn":true},"prevOpTime":{"ts":{"$timestamp":{"t":0,"i":0}}},)"
    R"("ts":{"$timestamp":{"t":100,"i":1}}})";
const char* const end =
    R"({"op":"c","ns":"admin.$cmd","o":{"applyOps":[{"op":"i","ns":"a.b","o":{"_id":2}}]},)"
    R"("prevOpTime":{"ts":{"$timestamp":{"t":100,"i":1}}},"ts":{"$timestamp":{"t":100,"i":3}}})";

}  // namespace

TEST_CASE("oplog: every published sequence of entries gives its changes, in their order",
          "[mongo]") {
    unsigned cases = 0;
    for (const auto& one : mongo_cases("oplog_entries.json")) {
        INFO(text_in(one, "name"));
        ++cases;
        const Oplog oplog{documents_of(document_in(one, "entries"))};
        auto batch = batch_of_all();
        OplogDecoder decoder(batch, [&](BsonTimestamp time) { return oplog.fetch(time); });
        run(decoder, oplog.entries);
        std::vector<std::string> expected;
        for (const auto& change : documents_of(document_in(one, "changes"))) {
            auto text = expected_text(change);
            if (!text.empty()) expected.push_back(std::move(text));
        }
        const auto taken = batch.take();
        CHECK(change_texts(*taken) == expected);
        CHECK_FALSE(taken->ends_inside_transaction());
    }
    CHECK(cases >= 25);
}

TEST_CASE("oplog: a place is exact, and stands behind whole transactions", "[mongo]") {
    const Oplog oplog{{bson(part), bson(end)}};
    auto batch = batch_of_all();
    OplogDecoder decoder(batch, [&](BsonTimestamp time) { return oplog.fetch(time); });
    decoder.accept(oplog.entries[0]);
    decoder.accept(oplog.entries[1]);
    CHECK(decoder.is_inside_chain());
    decoder.step();
    const auto inside = batch.take();
    CHECK(inside->changes.size() == 1);
    CHECK(inside->ends_inside_transaction());
    decoder.step();
    CHECK_FALSE(decoder.is_inside_chain());
    const auto last = batch.take();
    REQUIRE(last->commits.size() == 1);
    PositionPtr keep;
    const auto& position = mark_of(*last, 0, keep);
    CHECK(position.operation_time == 100);
    CHECK(position.increment == 3);
    CHECK(position.to_json() == R"({"type":"MongoCdc","resume_token":"","operation_time":100,)"
                                R"("timestamp":"1970-01-01 00:01:40.000"})");
    CHECK(position.to_exact_json() ==
          R"({"type":"MongoCdc","resume_token":"","operation_time":100,)"
          R"("timestamp":"1970-01-01 00:01:40.000","increment":3})");
}

TEST_CASE("oplog: resumed inside a large transaction, all of it comes", "[mongo]") {
    const Oplog oplog{{bson(part), bson(end)}};
    auto batch = batch_of_all();
    OplogDecoder decoder(batch, [&](BsonTimestamp time) { return oplog.fetch(time); });
    run(decoder, {oplog.entries[1]});
    CHECK(change_texts(*batch.take()).size() == 2);
}

TEST_CASE("oplog: a transaction whose begin has rolled over is a gap", "[mongo]") {
    const Oplog oplog{{bson(end)}};
    auto batch = batch_of_all();
    OplogDecoder decoder(batch, [&](BsonTimestamp time) { return oplog.fetch(time); });
    try {
        run(decoder, oplog.entries);
        FAIL("nothing was thrown");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::gap);
    }
}

TEST_CASE("oplog: retried writes that are chained are no transaction", "[mongo]") {
    auto batch = batch_of_all();
    OplogDecoder decoder(batch,
                         [](BsonTimestamp) -> std::string { throw Error(ErrorKind::gap, ""); });
    run(decoder, {bson(R"({"op":"c","ns":"admin.$cmd","o":{"applyOps":[{"op":"i","ns":"a.b",)"
                       R"("o":{"_id":2}}]},"multiOpType":1,"prevOpTime":{"ts":)"
                       R"({"$timestamp":{"t":100,"i":1}}},"ts":{"$timestamp":{"t":100,"i":3}}})")});
    CHECK(batch.take()->changes.size() == 1);
}

TEST_CASE("oplog: what is not subscribed moves the place on", "[mongo]") {
    DocumentBatch batch([](std::string_view, std::string_view) { return false; }, {});
    OplogDecoder decoder(batch, [](BsonTimestamp) { return std::string(); });
    decoder.accept(
        bson(R"({"op":"i","ns":"a.b","o":{"_id":1},"ts":{"$timestamp":{"t":5,"i":1}}})"));
    decoder.accept(bson(R"({"op":"n","ns":"","o":{},"ts":{"$timestamp":{"t":6,"i":2}}})"));
    const auto taken = batch.take();
    CHECK(taken->changes.empty());
    CHECK(taken->skipped_changes == 1);
    REQUIRE(taken->commits.size() == 1);
    PositionPtr keep;
    CHECK(mark_of(*taken, 0, keep).operation_time == 6);
}

TEST_CASE("oplog: a large reply does not fill a batch before its first change is taken",
          "[mongo]") {
    auto batch = batch_of_all();
    batch.add_source_bytes(std::size_t{100} << 20);
    CHECK_FALSE(batch.is_full());
    OplogDecoder decoder(batch, [](BsonTimestamp) { return std::string(); });
    decoder.accept(
        bson(R"({"op":"i","ns":"a.b","o":{"_id":1},"ts":{"$timestamp":{"t":5,"i":1}}})"));
    CHECK(batch.is_full());
}
