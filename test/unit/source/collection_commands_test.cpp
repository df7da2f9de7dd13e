// Changes of collections themselves, as both streams tell of them.
#include <catch2/catch.hpp>

#include "lib/source/mongo/change_event_decoder.hpp"
#include "lib/source/mongo/oplog_decoder.hpp"
#include "test/unit/source/mongo_changes.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

using Texts = std::vector<std::string>;

CollectionCommandKinds all_kinds() {
    CollectionCommandKinds kinds;
    for (int kind = 0; kind <= static_cast<int>(CollectionCommand::Kind::modify); ++kind)
        kinds.add(static_cast<CollectionCommand::Kind>(kind));
    return kinds;
}

std::string command_text(const CollectionCommand& command) {
    auto text = fmt::format("{} {}.{}", command.name(), command.database, command.collection);
    if (command.kind == CollectionCommand::Kind::rename)
        text += fmt::format(" to {}.{}{}", command.to_database, command.to_collection,
                            command.drops_target ? " instead of it" : "");
    if (!command.body.empty()) text += " " + json_of(command.body);
    return text;
}

/// One text for each batch: its command, or its changes.
Texts texts_of(DocumentBatch& batch) {
    Texts texts;
    while (!batch.is_empty()) {
        const auto taken = batch.take();
        if (taken->command) {
            CHECK(taken->changes.empty());
            CHECK(taken->commits.size() == 1);
            texts.push_back(command_text(*taken->command));
        } else if (!taken->changes.empty()) {
            texts.push_back(fmt::format("{} changes", taken->changes.size()));
        }
    }
    return texts;
}

Texts of_event(const std::string& name, CollectionCommandKinds kinds = all_kinds()) {
    DocumentBatch batch([](std::string_view, std::string_view) { return true; }, {}, kinds);
    ChangeEventDecoder decoder(batch);
    for (const auto& one : mongo_cases("change_events.json"))
        if (text_in(one, "name") == name) decoder.accept(document_in(one, "event"));
    return texts_of(batch);
}

/// An entry of op "c" in database a, or of what is given.
std::string entry(int number, std::string_view object, std::string_view ns = "a.$cmd") {
    return bson(
        fmt::format(R"({{"op":"c","ns":"{}","o":{},"ts":{{"$timestamp":{{"t":100,"i":{}}}}}}})", ns,
                    object, number));
}

Texts of_entries(const Texts& entries, DocumentBatch& batch) {
    OplogDecoder decoder(batch, [](BsonTimestamp) { return std::string(); });
    for (const auto& one : entries) decoder.accept(one);
    return texts_of(batch);
}

Texts of_entry(std::string_view object) {
    DocumentBatch batch([](std::string_view, std::string_view) { return true; }, {}, all_kinds());
    return of_entries({entry(1, object)}, batch);
}

}  // namespace

TEST_CASE("collection commands: of the documented change events", "[mongo]") {
    CHECK(of_event("drop") == Texts{"drop engineering.users"});
    CHECK(of_event("rename") ==
          Texts{"renameCollection engineering.users to engineering.people instead of it"});
    CHECK(of_event("rename with showExpandedEvents") ==
          Texts{"renameCollection engineering.users to engineering.people instead of it"});
    CHECK(of_event("create") == Texts{"create test.names { }"});
    CHECK(of_event("createIndexes") ==
          Texts{R"(createIndexes test.authors { "0" : { "v" : { "$numberInt" : "2" }, "key" : )"
                R"({ "name" : { "$numberInt" : "1" } }, "name" : "name_1" } })"});
    CHECK(of_event("dropIndexes") == Texts{R"(dropIndexes test.authors { "0" : "name_1" })"});
    CHECK(of_event("modify") ==
          Texts{R"(collMod test.authors { "index" : { "name" : "name_1", "hidden" : true } })"});
    CHECK(of_event("dropDatabase: ns without coll").empty());
    CHECK(of_event("drop", {}).empty());
}

TEST_CASE("collection commands: of the oplog's entries", "[mongo]") {
    CHECK(of_entry(R"({"drop":"b.c"})") == Texts{"drop a.b.c"});
    CHECK(of_entry(R"({"renameCollection":"a.b","to":"c.d.e","dropTarget":false})") ==
          Texts{"renameCollection a.b to c.d.e"});
    CHECK(of_entry(R"({"create":"b","capped":true,"idIndex":{"name":"_id_"},"temp":true})") ==
          Texts{R"(create a.b { })"});
    CHECK(of_entry(R"({"create":"b","viewOn":"c","pipeline":[]})").empty());
    CHECK(of_entry(R"({"createIndexes":"b","v":2,"key":{"x":1},"name":"x_1","ns":"a.b"})") ==
          Texts{R"(createIndexes a.b { "0" : { "v" : { "$numberInt" : "2" }, "key" : { "x" : )"
                R"({ "$numberInt" : "1" } }, "name" : "x_1" } })"});
    CHECK(of_entry(R"({"commitIndexBuild":"b","indexes":[{"key":{"x":1},"name":"x_1"}]})") ==
          Texts{R"(createIndexes a.b { "0" : { "key" : { "x" : { "$numberInt" : "1" } }, )"
                R"("name" : "x_1" } })"});
    CHECK(of_entry(R"({"startIndexBuild":"b","indexes":[{"key":{"x":1},"name":"x_1"}]})").empty());
    CHECK(of_entry(R"({"dropIndexes":"b","index":"x_1"})") ==
          Texts{R"(dropIndexes a.b { "0" : "x_1" })"});
    CHECK(of_entry(R"({"collMod":"b","validationLevel":"off"})") ==
          Texts{R"(collMod a.b { "validationLevel" : "off" })"});
}

TEST_CASE("collection commands: a batch ends before one, and another begins behind it", "[mongo]") {
    DocumentBatch batch([](std::string_view, std::string_view) { return true; }, {}, all_kinds());
    const auto insert = [](int number) {
        return bson(fmt::format(
            R"({{"op":"i","ns":"a.b","o":{{"_id":1}},"ts":{{"$timestamp":{{"t":100,"i":{}}}}}}})",
            number));
    };
    CHECK(of_entries({insert(1), insert(2), entry(3, R"({"drop":"b"})"),
                      entry(4, R"({"create":"b"})"), insert(5)},
                     batch) == Texts{"2 changes", "drop a.b", "create a.b { }", "1 changes"});
}

TEST_CASE("collection commands: the place of one is its own, what follows is described anew",
          "[mongo]") {
    DocumentBatch batch([](std::string_view, std::string_view) { return true; }, {}, all_kinds());
    OplogDecoder decoder(batch, [](BsonTimestamp) { return std::string(); });
    const auto insert =
        bson(R"({"op":"i","ns":"a.b","o":{"_id":1},"ts":{"$timestamp":{"t":99,"i":1}}})");
    decoder.accept(insert);
    const auto before = batch.take();
    decoder.accept(entry(7, R"({"drop":"b"})"));
    const auto command = batch.take();
    PositionPtr keep;
    CHECK(mark_of(*command, 0, keep).increment == 7);
    decoder.accept(insert);
    const auto after = batch.take();
    REQUIRE(after->tables.size() == 1);
    CHECK(after->tables[0] != before->tables[0]);
}

TEST_CASE("collection commands: what is not applied is said", "[mongo]") {
    const auto notes = [](CollectionCommandKinds kinds, const Texts& entries) {
        DocumentBatch batch(
            [](std::string_view, std::string_view collection) { return collection != "other"; }, {},
            kinds);
        OplogDecoder decoder(batch, [](BsonTimestamp) { return std::string(); });
        for (const auto& one : entries) decoder.accept(one);
        Texts texts;
        while (!batch.is_empty()) {
            const auto taken = batch.take();
            CHECK_FALSE(taken->command);
            texts.insert(texts.end(), taken->notes.begin(), taken->notes.end());
        }
        return texts;
    };
    const auto drop = entry(1, R"({"drop":"b"})");
    CHECK(notes({}, {drop, drop}) ==
          Texts{R"(drop of "a"."b" at the source is not applied to the target)"});
    CHECK(notes({}, {entry(1, R"({"create":"b"})"), entry(2, R"({"drop":"other"})")}).empty());
    CHECK(notes({}, {entry(1, R"({"dropDatabase":1})")}).size() == 1);
    CHECK(notes(all_kinds(), {entry(1, R"({"dropDatabase":1})")}).empty());
    const auto out = notes(all_kinds(), {entry(1, R"({"renameCollection":"a.b","to":"a.other"})")});
    REQUIRE(out.size() == 1);
    CHECK_THAT(out[0], Contains("the new name is not subscribed"));
    const auto in = notes(all_kinds(), {entry(1, R"({"renameCollection":"a.other","to":"a.b"})")});
    REQUIRE(in.size() == 1);
    CHECK_THAT(in[0], Contains("copy it anew"));
    const auto transaction = [](const char* object) {
        return entry(1,
                     fmt::format(R"({{"applyOps":[{{"op":"c","ns":"a.$cmd","o":{}}}]}})", object),
                     "admin.$cmd");
    };
    CHECK(notes(all_kinds(), {transaction(R"({"create":"b","idIndex":{}})")}).empty());
    const auto inside = notes(all_kinds(), {transaction(R"({"create":"b","capped":true})")});
    REQUIRE(inside.size() == 1);
    CHECK_THAT(inside[0], Contains("(inside of a transaction)"));
}

TEST_CASE("collection commands: nothing expires in the target, and nothing is capped", "[mongo]") {
    Texts notes;
    const auto text = [&](std::string_view object) {
        DocumentBatch batch([](std::string_view, std::string_view) { return true; }, {},
                            all_kinds());
        OplogDecoder decoder(batch, [](BsonTimestamp) { return std::string(); });
        decoder.accept(entry(1, object));
        std::string command = "none";
        notes.clear();
        while (!batch.is_empty()) {
            const auto taken = batch.take();
            notes.insert(notes.end(), taken->notes.begin(), taken->notes.end());
            if (taken->command) command = command_text(*taken->command);
        }
        return command;
    };
    const std::string longest = R"("expireAfterSeconds" : { "$numberInt" : "2147483647" })";
    const auto says = [&](const std::string& words) {
        REQUIRE(notes.size() == 1);
        CHECK_THAT(notes[0], Contains(words));
    };
    CHECK(text(R"({"createIndexes":"b","key":{"x":1},"name":"x_1","expireAfterSeconds":60})") ==
          R"(createIndexes a.b { "0" : { "key" : { "x" : { "$numberInt" : "1" } }, )"
          R"("name" : "x_1", )" +
              longest + " } }");
    says(R"(index "x_1" of "a"."b" lets documents expire at the source after 60 seconds)");
    CHECK_THAT(text(R"({"commitIndexBuild":"b","indexes":[{"key":{"x":1},"name":"x_1",)"
                    R"("expireAfterSeconds":0.5}]})"),
               Contains(longest));
    says("after 0.5 seconds");
    CHECK(text(R"({"collMod":"b","index":{"name":"x_1","expireAfterSeconds":60}})") ==
          R"(collMod a.b { "index" : { "name" : "x_1", )" + longest + " } }");
    says("after 60 seconds");
    CHECK(text(R"({"create":"b","clusteredIndex":{"unique":true},"expireAfterSeconds":60})") ==
          R"(create a.b { "clusteredIndex" : { "unique" : true } })");
    says("after 60 seconds");
    CHECK(text(R"({"collMod":"b","expireAfterSeconds":60})") == "none");
    says("after 60 seconds");
    CHECK(text(R"({"collMod":"b","expireAfterSeconds":"off"})") ==
          R"(collMod a.b { "expireAfterSeconds" : "off" })");
    CHECK(notes.empty());
    CHECK(text(R"({"create":"b","capped":true,"size":4096,"max":5,"validationLevel":"off"})") ==
          R"(create a.b { "validationLevel" : "off" })");
    says("(capped=true, size=4096, max=5)");
    CHECK(text(R"({"collMod":"b","cappedSize":8192,"cappedMax":7})") == "none");
    says("(cappedSize=8192, cappedMax=7)");
}
