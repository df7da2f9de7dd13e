#include "lib/source/mongo/change_event_decoder.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "lib/source/mongo/resume_token.hpp"
#include "test/unit/source/mongo_changes.hpp"

using namespace dts;
using namespace dts::test;

namespace {

std::string token(std::string_view data) {
    return bson(fmt::format(R"({{"_data":"{}"}})", data));
}

/// An insert of _id `id`; `transaction`: its number, 0 for none.
std::string event(int id, int transaction = 0) {
    const auto session =
        transaction == 0
            ? std::string()
            : fmt::format(R"(,"lsid":{{"id":1}},"txnNumber":{{"$numberLong":"{}"}})", transaction);
    return bson(fmt::format(
        R"({{"_id":{{"_data":"82000000640000000{}00"}},"operationType":"insert","clusterTime":)"
        R"({{"$timestamp":{{"t":100,"i":{}}}}},"ns":{{"db":"a","coll":"b"}},"documentKey":)"
        R"({{"_id":{}}},"fullDocument":{{"_id":{}}}{}}})",
        id, id, id, id, session));
}

std::string token_of(const ChangeBatch& batch, std::size_t mark) {
    PositionPtr keep;
    return mark_of(batch, mark, keep).resume_token;
}

}  // namespace

TEST_CASE("change events: every documented event gives its change", "[mongo]") {
    unsigned cases = 0;
    for (const auto& one : mongo_cases("change_events.json")) {
        INFO(text_in(one, "name"));
        const auto bytes = document_in(one, "event");
        if (find_element(bytes, "splitEvent")) continue;
        ++cases;
        auto batch = batch_of_all();
        ChangeEventDecoder decoder(batch);
        decoder.accept(bytes);
        decoder.looked_as_far_as(token("8299"), {});
        const auto taken = batch.take();
        const auto kind = text_in(bytes, "operationType");
        const bool changes =
            kind == "insert" || kind == "update" || kind == "replace" || kind == "delete";
        REQUIRE(taken->changes.size() == (changes ? 1 : 0));
        if (changes) CHECK(change_texts(*taken)[0].starts_with(kind));
        CHECK(decoder.is_invalidated() == (kind == "invalidate"));
        const bool is_noted = kind == "drop" || kind == "rename" || kind == "dropDatabase";
        // Of a rename both names are subscribed here.
        if (is_noted) CHECK(taken->notes.size() == (kind == "rename" ? 2 : 1));
    }
    CHECK(cases >= 20);
}

TEST_CASE("change events: the fragments of a large event become one", "[mongo]") {
    auto batch = batch_of_all();
    ChangeEventDecoder decoder(batch);
    std::vector<std::string> fragments;
    for (const auto& one : mongo_cases("change_events.json")) {
        if (text_in(one, "fragment_of") == "split") fragments.push_back(document_in(one, "event"));
    }
    REQUIRE(fragments.size() == 2);
    decoder.accept(fragments[0]);
    decoder.looked_as_far_as(token("8264BEB9F3000000012B0229296E01"), {});
    CHECK(batch.is_empty());
    decoder.accept(fragments[1]);
    const auto taken = batch.take();
    REQUIRE(taken->changes.size() == 1);
    CHECK(change_texts(*taken)[0].starts_with("update engineering.users"));
    CHECK(token_of(*taken, 0) == R"({"_data":"8264BEB9F3000000012B0229296E02"})");
}

TEST_CASE("change events: a transaction ends with another's event", "[mongo]") {
    auto batch = batch_of_all();
    ChangeEventDecoder decoder(batch);
    decoder.accept(event(1, 7));
    decoder.accept(event(2, 7));
    CHECK(batch.in_transaction());
    decoder.accept(event(3, 8));
    decoder.accept(event(4));
    const auto taken = batch.take();
    REQUIRE(taken->commits.size() == 3);
    CHECK(taken->commits[0].change_end == 2);
    CHECK(taken->commits[1].change_end == 3);
    CHECK(taken->commits[2].change_end == 4);
    CHECK(token_of(*taken, 0) == R"({"_data":"82000000640000000200"})");
}

TEST_CASE(
    "change events: a transaction that the batch cuts stays open until the stream is behind it",
    "[mongo]") {
    auto batch = batch_of_all();
    ChangeEventDecoder decoder(batch);
    decoder.accept(event(1, 7));
    decoder.looked_as_far_as(token("82000000640000000100"), {});
    const auto first = batch.take();
    CHECK(first->commits.empty());
    CHECK(first->ends_inside_transaction());
    decoder.accept(event(2, 7));
    decoder.looked_as_far_as(token("82000000650000000100"), {});
    const auto second = batch.take();
    REQUIRE(second->commits.size() == 1);
    CHECK(second->commits[0].change_end == 1);
    PositionPtr keep;
    CHECK(mark_of(*second, 0, keep).operation_time == 101);
}

TEST_CASE("change events: an idle stream moves the place on, by the token's own time", "[mongo]") {
    auto batch = batch_of_all();
    ChangeEventDecoder decoder(batch);
    decoder.looked_as_far_as(token("8267076E8500000001FF"), {});
    decoder.looked_as_far_as(token("8267076E8500000001FF"), {});
    const auto taken = batch.take();
    REQUIRE(taken->commits.size() == 1);
    CHECK(taken->changes.empty());
    PositionPtr keep;
    const auto& position = mark_of(*taken, 0, keep);
    CHECK(position.operation_time == 0x67076E85);
    CHECK(position.resume_token == R"({"_data":"8267076E8500000001FF"})");
    decoder.looked_as_far_as(token("8267076E8500000001FF"), {});
    CHECK(batch.is_empty());
}

TEST_CASE("change events: what lacks its document is refused", "[mongo]") {
    auto batch = batch_of_all();
    ChangeEventDecoder decoder(batch);
    for (const char* json :
         {R"({"operationType":"insert"})",
          R"({"_id":{"_data":"82"},"operationType":"insert","ns":{"db":"a","coll":"b"}})",
          R"({"_id":{"_data":"82"},"operationType":"insert","documentKey":{"_id":1}})",
          R"({"_id":{"_data":"82"},"operationType":"update","documentKey":{"_id":1}})"}) {
        INFO(json);
        CHECK_THROWS_AS(decoder.accept(bson(json)), Error);
    }
}

TEST_CASE("resume token: JSON and back, and its time", "[mongo]") {
    const auto bytes = token("8267076E8500000001FF");
    CHECK(token_json(bytes) == R"({"_data":"8267076E8500000001FF"})");
    CHECK(token_of_json(token_json(bytes)) == bytes);
    CHECK(time_of_token(bytes) == BsonTimestamp{0x67076E85, 1});
    CHECK_FALSE(time_of_token(token("0102")));
    CHECK_THROWS_AS(token_of_json("{}"), Error);
    CHECK_THROWS_AS(token_of_json("text"), Error);
    // As servers before 4.2 made them.
    const auto older = bson(R"({"_data":{"$binary":{"base64":"glvk8FIAAAAB","subType":"00"}}})");
    CHECK(token_of_json(token_json(older)) == older);
}
