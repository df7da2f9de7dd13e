#include "lib/pipeline/name_list.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"

using namespace dts;
using Catch::Contains;

namespace {

bool match(const char* pattern, const char* name) {
    return NamePattern(pattern, false).matches(name);
}

}  // namespace

TEST_CASE("name pattern: a star is any characters, a question mark none or one") {
    CHECK(match("*", ""));
    CHECK(match("*", "anything"));
    CHECK(match("db_*", "db_"));
    CHECK(match("db_*", "db_1"));
    CHECK_FALSE(match("db_*", "db"));
    CHECK(match("*_log", "a_log_log"));
    CHECK(match("a*b*c", "a-b-bc"));
    CHECK_FALSE(match("a*b*c", "a-b-"));
    CHECK(match("tb?", "tb"));
    CHECK(match("tb?", "tb1"));
    CHECK_FALSE(match("tb?", "tb12"));
    CHECK(match("t?b", "tb"));
    CHECK(match("t??b", "txb"));
    CHECK_FALSE(match("t?b", "txxb"));
}

TEST_CASE("name pattern: a name without wildcards is itself only, in its own case") {
    CHECK(match("db1", "db1"));
    CHECK_FALSE(match("db1", "db12"));
    CHECK_FALSE(match("db1", "DB1"));
}

TEST_CASE("name pattern: a question mark stands for a whole character") {
    CHECK(match("t?", "t\xC3\xA4"));
    CHECK(match("t?", "t\xE6\x97\xA5"));
    CHECK(match("?", "\xF0\x9F\x98\x80"));
    CHECK_FALSE(match("t?", "t\xC3\xA4\xC3\xA4"));
    CHECK(match("*\xC3\xA4", "t\xC3\xA4"));
    CHECK(match("\xFF*", "\xFFx"));
}

TEST_CASE("name pattern: many wildcards take no time") {
    const std::string pattern = [] {
        std::string text;
        for (int i = 0; i < 200; ++i) text += "*?a";
        return text;
    }();
    CHECK_FALSE(NamePattern(pattern, false).matches(std::string(400, 'b')));
    CHECK(NamePattern(pattern, false).matches(std::string(400, 'a')));
}

TEST_CASE("name list: items, names, and blanks around them") {
    const auto items = parse_name_list(" a.b , c . d*,`x.y,z`.`q``r` ", "db.tb", "k");
    REQUIRE(items.size() == 3);
    CHECK(items[0].names[0].text() == "a");
    CHECK(items[0].names[1].text() == "b");
    CHECK(items[1].names[0].text() == "c");
    CHECK(items[1].names[1].text() == "d*");
    CHECK_FALSE(items[1].names[1].is_literal());
    CHECK(items[2].names[0].text() == "x.y,z");
    CHECK(items[2].names[1].text() == "q`r");
    CHECK(items[2].text == "`x.y,z`.`q``r`");
    CHECK(parse_name_list("  ", "db", "k").empty());
}

TEST_CASE("name list: in backquotes wildcards are characters") {
    const auto items = parse_name_list("`db*&#`", "db", "k");
    CHECK(items[0].names[0].is_literal());
    CHECK(items[0].names[0].matches("db*&#"));
    CHECK_FALSE(items[0].names[0].matches("db1&#"));
}

TEST_CASE("name list: where nothing is quoted a table's name may hold dots") {
    const auto items = parse_name_list("a.fs.files, b.`c", "db.tb", "[filter] do_tbs", '\0');
    REQUIRE(items.size() == 2);
    CHECK(items[0].names[0].text() == "a");
    CHECK(items[0].names[1].text() == "fs.files");
    CHECK(items[1].names[1].text() == "`c");
    const auto maps = parse_name_list("a.b.c:d.e.f", "db.tb:db.tb", "[router] tb_map", '\0');
    CHECK(maps[0].names[1].text() == "b.c");
    CHECK(maps[0].names[2].text() == "d");
    CHECK(maps[0].names[3].text() == "e.f");
    CHECK_THROWS_AS(parse_name_list("a", "db.tb", "[filter] do_tbs", '\0'), Error);
}

TEST_CASE("name list: a malformed item is named with its key") {
    struct Case {
        const char* list;
        const char* shape;
        const char* message;
    };
    const Case c = GENERATE(
        Case{"a,", "db", "[f] k: the item \"\" is empty"}, Case{",a", "db", "\"\" is empty"},
        Case{"a,,b", "db", "\"\" is empty"}, Case{"a.b", "db", "\"a.b\" is not of the form db"},
        Case{"x.y,a", "db.tb", "\"a\" is not of the form db.tb"},
        Case{"a.b.c", "db.tb", "\"a.b.c\" is not of the form db.tb"},
        Case{"a.", "db.tb", "\"a.\" holds an empty name"},
        Case{".a", "db.tb", "holds an empty name"}, Case{"``", "db", "holds an empty name"},
        Case{"`a", "db", "no closing backquote"}, Case{"`a`b", "db", "behind a closing backquote"},
        Case{"a`b", "db", "backquote inside a name"},
        Case{"a", "db:db", "\"a\" is not of the form db:db"},
        Case{"a.b:c", "db.tb:db.tb", "is not of the form db.tb:db.tb"},
        Case{"a:b:c", "db:db", "is not of the form db:db"});
    INFO(c.list);
    try {
        parse_name_list(c.list, c.shape, "[f] k");
        FAIL("accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::config);
        CHECK_THAT(error.what(), Contains(c.message));
    }
}
