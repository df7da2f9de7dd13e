#include "lib/client/document_key.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/bson_json.hpp"

using namespace dts;
using namespace dts::test;

namespace {

std::string key(const std::string& id) {
    const auto document = bson("{\"_id\":" + id + "}");
    std::string result;
    append_document_key(result, *find_element(document, "_id"));
    return result;
}

}  // namespace

TEST_CASE("document key: numbers are equal by value, whatever their type", "[mongo]") {
    const auto one = key("1");
    CHECK(key(R"({"$numberLong":"1"})") == one);
    CHECK(key(R"({"$numberDouble":"1.0"})") == one);
    CHECK(key(R"({"$numberDecimal":"1"})") == one);
    CHECK(key(R"({"$numberDecimal":"1.00"})") == one);
    CHECK(key(R"({"$numberDecimal":"0.1E1"})") == one);
    CHECK(key("2") != one);
    CHECK(key("\"1\"") != one);
    CHECK(key("true") != one);
    CHECK(key(R"({"$numberDouble":"-0.0"})") == key("0"));
    CHECK(key(R"({"$numberDecimal":"-0E+3"})") == key("0"));
    CHECK(key(R"({"$numberDouble":"0.5"})") == key(R"({"$numberDecimal":"0.50"})"));
    CHECK(key(R"({"$numberDouble":"NaN"})") == key(R"({"$numberDecimal":"NaN"})"));
    CHECK(key(R"({"$numberDouble":"Infinity"})") == key(R"({"$numberDecimal":"Infinity"})"));
}

TEST_CASE("document key: what differs only far behind the point differs", "[mongo]") {
    CHECK(key(R"({"$numberDouble":"0.1"})") != key(R"({"$numberDecimal":"0.1"})"));
    CHECK(key(R"({"$numberDecimal":"0.1"})") == key(R"({"$numberDecimal":"0.10"})"));
    CHECK(key(R"({"$numberLong":"9007199254740993"})") !=
          key(R"({"$numberDouble":"9007199254740992"})"));
    CHECK(key(R"({"$numberDecimal":"9223372036854775807"})") ==
          key(R"({"$numberLong":"9223372036854775807"})"));
    CHECK(key(R"({"$numberDecimal":"9223372036854775808"})") ==
          key(R"({"$numberDouble":"9223372036854775808"})"));
    CHECK(key(R"({"$numberDecimal":"1E+6000"})") != key(R"({"$numberDouble":"Infinity"})"));
}

TEST_CASE("document key: fields inside a document count by value and by order", "[mongo]") {
    CHECK(key(R"({"a":1,"b":"x"})") == key(R"({"a":{"$numberDouble":"1"},"b":"x"})"));
    CHECK(key(R"({"a":1,"b":"x"})") != key(R"({"b":"x","a":1})"));
}

TEST_CASE("document key: it is the _id as a query takes it", "[mongo]") {
    const auto text = key("\"x\"");
    const auto element = element_of_key(text);
    CHECK(element.as_text() == "x");
    const auto number = key(R"({"$numberDouble":"7"})");
    CHECK(element_of_key(number).as_integer() == 7);
}

TEST_CASE("bson: cut or damaged bytes are an error, never read beyond", "[mongo]") {
    const auto whole = bson(
        R"({"_id":{"$oid":"58a4eb4a30c75625e00d2820"},"a":[1,{"b":"text"}],"r":{"$regularExpression":)"
        R"({"pattern":"x","options":"i"}},"d":{"$numberDecimal":"1"},"t":{"$timestamp":{"t":1,"i":2}}})");
    CHECK_NOTHROW(check_document(whole));
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK_THROWS_AS(check_document(std::string_view(whole).substr(0, size)), Error);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x80);
        try {
            check_document(damaged);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::data);
        }
    }
}
