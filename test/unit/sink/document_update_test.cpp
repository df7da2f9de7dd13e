#include "lib/sink/document_update.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/bson_json.hpp"

using namespace dts;
using namespace dts::test;

namespace {

std::string after(const char* document, const char* update) {
    return json_of(apply_update(bson(document), bson(update)).bytes);
}

std::string same(const char* document) {
    return json_of(bson(document));
}

bool is_update(std::string_view o) {
    const auto first = BsonReader(o).next();
    return first && first->name.starts_with('$');
}

}  // namespace

TEST_CASE("document update: every published form of an oplog entry leaves the document it should",
          "[mongo]") {
    unsigned updates = 0;
    for (const auto& one : mongo_cases("oplog_updates.json")) {
        INFO(text_in(one, "name"));
        const auto o = document_in(one, "o");
        if (!is_update(o)) continue;
        ++updates;
        const auto result = apply_update(document_in(one, "before"), o);
        CHECK(json_of(result.bytes) == json_of(document_in(one, "after")));
        if (!find_element(one, "replay")) CHECK(result.fits);
    }
    CHECK(updates >= 25);
}

TEST_CASE("document update: every documented change event leaves the document it should",
          "[mongo]") {
    unsigned updates = 0;
    for (const auto& one : mongo_cases("change_events.json")) {
        INFO(text_in(one, "name"));
        const auto description = document_in(document_in(one, "event"), "updateDescription");
        const auto before = document_in(one, "before");
        const auto expected = document_in(one, "after");
        // A document that was looked up may be newer than the event.
        const bool is_newer = text_in(one, "name").find("updateLookup") != std::string::npos;
        if (description.empty() || before.empty() || expected.empty() || is_newer) continue;
        ++updates;
        const auto result = apply_update(before, description);
        CHECK(json_of(result.bytes) == json_of(expected));
        CHECK(result.fits);
    }
    CHECK(updates >= 8);
}

TEST_CASE("document update: fields keep their places, new ones come last in the order given",
          "[mongo]") {
    CHECK(after(R"({"_id":1,"b":1,"a":2})", R"({"$v":2,"diff":{"u":{"a":3},"i":{"z":1,"c":2}}})") ==
          same(R"({"_id":1,"b":1,"a":3,"z":1,"c":2})"));
    CHECK(after(R"({"_id":1,"b":1})",
                R"({"updatedFields":{"z":1,"b":2,"a":3},"removedFields":[]})") ==
          same(R"({"_id":1,"b":2,"z":1,"a":3})"));
}

TEST_CASE(
    "document update: an inserted field that is there already moves to the end, so a second "
    "application leaves the same order",
    "[mongo]") {
    const char* update = R"({"$v":2,"diff":{"d":{"x":false},"i":{"y":1}}})";
    const auto once = apply_update(bson(R"({"_id":1,"x":1,"z":2})"), bson(update));
    const auto twice = apply_update(once.bytes, bson(update));
    CHECK(once.bytes == twice.bytes);
    CHECK(once.fits);
    CHECK_FALSE(twice.fits);
}

TEST_CASE("document update: digits are an index in an array and a name in a document", "[mongo]") {
    const char* update = R"({"updatedFields":{"a.1":9},"removedFields":[]})";
    CHECK(after(R"({"_id":1,"a":[1,2]})", update) == same(R"({"_id":1,"a":[1,9]})"));
    CHECK(after(R"({"_id":1,"a":{"1":2}})", update) == same(R"({"_id":1,"a":{"1":9}})"));
    CHECK(after(R"({"_id":1,"a":[{"b":[1]}]})",
                R"({"updatedFields":{"a.0.b.2":3},"removedFields":[]})") ==
          same(R"({"_id":1,"a":[{"b":[1,null,3]}]})"));
}

TEST_CASE("document update: a dotted name is found in the document, and two readings are refused",
          "[mongo]") {
    const char* update = R"({"updatedFields":{"a.b":9},"removedFields":[]})";
    CHECK(after(R"({"_id":1,"a.b":1})", update) == same(R"({"_id":1,"a.b":9})"));
    CHECK(after(R"({"_id":1,"a.b":1,"a":5})", update) == same(R"({"_id":1,"a.b":9,"a":5})"));
    CHECK(after(R"({"_id":1,"x":{"a.b":1}})",
                R"({"updatedFields":{"x.a.b":9},"removedFields":[]})") ==
          same(R"({"_id":1,"x":{"a.b":9}})"));
    CHECK_THROWS_WITH(apply_update(bson(R"({"_id":1,"a.b":1,"a":{"b":1}})"), bson(update)),
                      Catch::Matchers::Contains("can be read in two ways"));
    CHECK(after(R"({"_id":1,"a.b":1,"a":{"b":1}})",
                R"({"updatedFields":{"a.b":9},"disambiguatedPaths":{"a.b":["a","b"]}})") ==
          same(R"({"_id":1,"a.b":1,"a":{"b":9}})"));
    CHECK(after(R"({"_id":1,"a.b":1,"a":{"b":1}})",
                R"({"updatedFields":{"a.b":9},"disambiguatedPaths":{"a.b":["a.b"]}})") ==
          same(R"({"_id":1,"a.b":9,"a":{"b":1}})"));
    CHECK(after(R"({"_id":1,"a.b":1,"a":{"b":1}})",
                R"({"updatedFields":{"a.b":9},"disambiguatedPaths":{}})") ==
          same(R"({"_id":1,"a.b":1,"a":{"b":9}})"));
}

TEST_CASE("document update: what is removed is gone, in an array it leaves null", "[mongo]") {
    CHECK(after(R"({"_id":1,"a":{"b":1,"c":2},"d":1})",
                R"({"updatedFields":{},"removedFields":["a.b","d","e.f"]})") ==
          same(R"({"_id":1,"a":{"c":2}})"));
    CHECK(after(R"({"_id":1,"a":[1,2]})", R"({"$v":1,"$unset":{"a.0":true,"a.7":true}})") ==
          same(R"({"_id":1,"a":[null,2]})"));
}

TEST_CASE("document update: an array is cut and changed at once", "[mongo]") {
    CHECK(after(R"({"_id":1,"a":[1,2,3,4]})",
                R"({"updatedFields":{"a.0":9},"removedFields":[],)"
                R"("truncatedArrays":[{"field":"a","newSize":2}]})") ==
          same(R"({"_id":1,"a":[9,2]})"));
    CHECK(after(R"({"_id":1,"a":[{"b":[1,2,3]}]})",
                R"({"updatedFields":{},"removedFields":[],)"
                R"("truncatedArrays":[{"field":"a.0.b","newSize":1}]})") ==
          same(R"({"_id":1,"a":[{"b":[1]}]})"));
}

TEST_CASE("document update: paths of older servers make the documents that lead to them",
          "[mongo]") {
    CHECK(after(R"({"_id":1})", R"({"$v":1,"$set":{"a.b.c":1,"a.b.d":2}})") ==
          same(R"({"_id":1,"a":{"b":{"c":1,"d":2}}})"));
}

TEST_CASE("document update: a part of another shape is left out and said", "[mongo]") {
    const auto result =
        apply_update(bson(R"({"_id":1,"a":5})"), bson(R"({"$v":2,"diff":{"sa":{"u":{"b":1}}}})"));
    CHECK(json_of(result.bytes) == same(R"({"_id":1,"a":5})"));
    CHECK_FALSE(result.fits);
    const auto by_path =
        apply_update(bson(R"({"_id":1,"a":5})"), bson(R"({"updatedFields":{"a.b":1}})"));
    CHECK(json_of(by_path.bytes) == same(R"({"_id":1,"a":5})"));
    CHECK_FALSE(by_path.fits);
}

TEST_CASE("document update: bytes that are no UTF-8, and names with dollars, stay", "[mongo]") {
    BsonWriter document;
    document.int32("_id", 1).text("\xff\xfe", "\xc3\x28").text("$set", "x").int32("n", 1);
    const auto before = document.take();
    BsonWriter expected;
    expected.int32("_id", 1).text("\xff\xfe", "\xc3\x28").text("$set", "x").int32("n", 2);
    CHECK(apply_update(before, bson(R"({"$v":2,"diff":{"u":{"n":2}}})")).bytes == expected.take());
}

TEST_CASE("document update: a binary part takes the place of what stood behind its offset",
          "[mongo]") {
    CHECK(after(R"({"_id":1,"b":{"$binary":{"base64":"AQIDBA==","subType":"00"}}})",
                R"({"$v":2,"diff":{"b":{"b":{"o":2,"d":{"$binary":)"
                R"({"base64":"BwgJ","subType":"00"}}}}}})") ==
          same(R"({"_id":1,"b":{"$binary":{"base64":"AQIHCAk=","subType":"00"}}})"));
}

TEST_CASE("document update: unknown forms are refused", "[mongo]") {
    for (const char* update : {R"({"$inc":{"a":1}})", R"({"$v":2,"diff":{"q":{"a":1}}})",
                               R"({"$v":2,"diff":{"sa":{"a":true,"x1":1}}})",
                               R"({"truncatedArrays":[{"field":"a"}]})"}) {
        INFO(update);
        CHECK_THROWS_AS(apply_update(bson(R"({"_id":1,"a":[1]})"), bson(update)), Error);
    }
}
