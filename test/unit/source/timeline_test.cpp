#include "lib/source/postgres/timeline.hpp"

#include <catch2/catch.hpp>

using namespace dts;

namespace {

PostgresIdentity identity(std::uint32_t timeline, const char* database = "d") {
    return {"7432190816281943056", timeline, database};
}

}  // namespace

TEST_CASE("timeline: an identity is read as it was written") {
    const auto text = identity(3, "my timeline 7 database").text();
    CHECK(text == "postgres 7432190816281943056 timeline 3 database my timeline 7 database");
    const auto read = PostgresIdentity::parse(text);
    REQUIRE(read);
    CHECK(read->text() == text);
    CHECK(read->timeline == 3);
    CHECK(read->database == "my timeline 7 database");
    for (const char* other :
         {"", "postgres", "postgres 7 timeline  database d", "postgres 7 timeline x database d",
          "postgres 7 timeline 99999999999 database d", "postgres 7 timeline 1 database ",
          "mysql 7 timeline 1 database d"}) {
        CHECK_FALSE(PostgresIdentity::parse(other));
    }
}

TEST_CASE("timeline: only a later one of the same system and database may succeed another") {
    CHECK(identity(2).may_succeed(identity(1)));
    CHECK_FALSE(identity(1).may_succeed(identity(1)));
    CHECK_FALSE(identity(1).may_succeed(identity(2)));
    CHECK_FALSE(identity(2, "e").may_succeed(identity(1)));
    CHECK_FALSE(PostgresIdentity{"8", 2, "d"}.may_succeed(identity(1)));
}

TEST_CASE("timeline: where a timeline was left stands in the server's history") {
    constexpr const char* history =
        "1\t0/3000158\tno recovery target specified\n\n# a comment\n"
        "2\t1/C0000A8\tbefore 2024-10-10 08:00:58+00\n";
    CHECK(end_of_timeline(history, 1) == 0x3000158U);
    CHECK(end_of_timeline(history, 2) == 0x10C0000A8U);
    CHECK_FALSE(end_of_timeline(history, 3));
    CHECK_FALSE(end_of_timeline("", 1));
    CHECK_THROWS_AS(end_of_timeline("1 0/3000158\n", 1), Error);
    CHECK_THROWS_AS(end_of_timeline("1\tnowhere\tx\n", 2), Error);
}
