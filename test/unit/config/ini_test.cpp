#include "lib/config/ini.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"

using namespace dts;
using Catch::Contains;

TEST_CASE("ini: every setting remembers its section, its file and its line") {
    const auto ini = parse_ini("; a comment\n[a]\nx = 1\n\n# another\n [ b ]\n\ty=2\n", "t.ini");
    REQUIRE(ini.entries.size() == 2);
    CHECK(ini.entries[0].place() == "t.ini:3: [a] x");
    CHECK(ini.entries[0].value == "1");
    CHECK(ini.entries[1].place() == "t.ini:7: [b] y");
    CHECK(ini.entries[1].value == "2");
    CHECK(ini.warnings.empty());
}

TEST_CASE("ini: a value may hold what means something elsewhere") {
    const auto ini = parse_ini("[a]\nx=b=c;d#e [f]\ny=json:[{\"k\":1}]\nz=\n", "t.ini");
    REQUIRE(ini.entries.size() == 3);
    CHECK(ini.entries[0].value == "b=c;d#e [f]");
    CHECK(ini.entries[1].value == "json:[{\"k\":1}]");
    CHECK(ini.entries[2].value.empty());
}

TEST_CASE("ini: the last of a repeated key counts, and a warning names both lines") {
    const auto ini = parse_ini("[a]\nx=1\n[b]\nx=5\n[a]\nx=2\n", "t.ini");
    REQUIRE(ini.entries.size() == 2);
    CHECK(ini.entries[0].section == "b");
    CHECK(ini.entries[1].value == "2");
    REQUIRE(ini.warnings.size() == 1);
    CHECK(ini.warnings[0] == "t.ini:2: [a] x is set again on line 6, which counts");
}

TEST_CASE("ini: files of other systems read the same") {
    const auto ini = parse_ini("\xEF\xBB\xBF[a]\r\nx=1\r\ny=2", "t.ini");
    REQUIRE(ini.entries.size() == 2);
    CHECK(ini.entries[0].value == "1");
    CHECK(ini.entries[1].place() == "t.ini:3: [a] y");
}

TEST_CASE("ini: empty sections are seen too, for their names are checked") {
    const auto ini = parse_ini("[a]\n[b] ; why\n", "t.ini");
    REQUIRE(ini.sections.size() == 2);
    CHECK(ini.sections[1].name == "b");
    CHECK(ini.sections[1].line == 2);
}

TEST_CASE("ini: what is malformed is refused with file and line, without its text") {
    struct Case {
        const char* text;
        const char* message;
    };
    const Case c =
        GENERATE(Case{"[a]\nx=1\nsecret\n", "t.ini:3: neither a [section]"},
                 Case{"[a]\n=secret\n", "t.ini:2: no key in front of ="},
                 Case{"[a\nx=secret\n", "t.ini:1: a section's name ends with ]"},
                 Case{"[]\n", "t.ini:1: the section has no name"},
                 Case{"[a] secret\n", "t.ini:1: nothing may follow"},
                 Case{"x=secret\n[a]\n", "t.ini:1: x stands before the first [section]"});
    try {
        parse_ini(c.text, "t.ini");
        FAIL("accepted: " << c.text);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::config);
        CHECK_THAT(error.what(), Contains(c.message));
        CHECK_THAT(error.what(), !Contains("secret"));
    }
}

TEST_CASE("ini: a file that can not be read is named, and why") {
    CHECK_THROWS_WITH(read_ini_file("/nowhere/t.ini"),
                      "can not read /nowhere/t.ini: No such file or directory");
    CHECK_THROWS_WITH(read_ini_file("/tmp"), "can not read /tmp: it is not a file");
}
