#include "lib/pipeline/router.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"

using namespace dts;
using Catch::Contains;

namespace {

std::string target(const Router& router, const char* schema, const char* table) {
    const auto route = router.route(schema, table);
    return route.schema + "/" + route.table;
}

}  // namespace

TEST_CASE("router: what is not mapped keeps its name") {
    const Router router(RouterRules{});
    CHECK(target(router, "a", "t") == "a/t");
    CHECK(router.route("a", "t").columns.empty());
    CHECK(router.route("a", "t").column("c") == "c");
}

TEST_CASE("router: tb_map beats db_map") {
    const Router router({"a:b,c:d", "a.t:x.u", ""});
    CHECK(target(router, "a", "t") == "x/u");
    CHECK(target(router, "a", "other") == "b/other");
    CHECK(target(router, "c", "t") == "d/t");
    CHECK(target(router, "b", "t") == "b/t");
}

TEST_CASE("router: two tables may go to one") {
    const Router router({"", "a.t1:b.t,a.t2:b.t", ""});
    CHECK(target(router, "a", "t1") == "b/t");
    CHECK(target(router, "a", "t2") == "b/t");
}

TEST_CASE("router: quoted names are literal") {
    const Router router({"`a:b`:`c,d`", "`x.y`.`t*`:z.`u``v`", ""});
    CHECK(target(router, "a:b", "t") == "c,d/t");
    CHECK(target(router, "x.y", "t*") == "z/u`v");
}

TEST_CASE("router: columns are mapped by their source table, without case") {
    const Router router(
        {"d:e", "", R"(json:[{"db":"d","tb":"t","col_map":{"c1":"x1","c2":"x2"}}])"});
    const auto route = router.route("d", "t");
    CHECK(route.schema == "e");
    CHECK(route.column("c1") == "x1");
    CHECK(route.column("C2") == "x2");
    CHECK(route.column("c3") == "c3");
    CHECK(router.route("d", "u").column("c1") == "c1");
    CHECK(router.route("e", "t").column("c1") == "c1");
}

TEST_CASE("router: tables that share a target are known before any of them has changed") {
    const auto all = [](std::string_view, std::string_view) { return true; };
    const auto only = [](std::string_view name) {
        return [name](std::string_view, std::string_view table) { return table == name; };
    };
    const Router tables({"", "s.a:s.t,s.b:s.t", ""});
    CHECK(tables.is_target_shared("s", "a", all));
    CHECK_FALSE(tables.is_target_shared("s", "a", only("a")));
    CHECK(tables.is_target_shared("s", "t", only("a")));
    CHECK_FALSE(tables.is_target_shared("s", "other", all));
    const Router schemas({"x:z,y:z", "", ""});
    CHECK(schemas.is_target_shared("x", "t", all));
    CHECK(schemas.is_target_shared("z", "t", all));
    // A plain renaming, and an exchange.
    const Router renamed({"", "s.a:s.b", ""});
    CHECK(renamed.is_target_shared("s", "a", all));
    CHECK_FALSE(renamed.is_target_shared("s", "a", only("a")));
    const Router exchanged({"", "s.a:s.b,s.b:s.a", ""});
    CHECK_FALSE(exchanged.is_target_shared("s", "a", all));
}

TEST_CASE("router: a target schema may have tables of other source schemas") {
    const auto all = [](auto) { return true; };
    const auto only = [](std::string_view name) {
        return [name](std::string_view schema) { return schema == name; };
    };
    const Router schemas({"x:z,y:z,a:b", "", ""});
    CHECK(schemas.is_target_schema_shared("x", only("y")));
    CHECK(schemas.is_target_schema_shared("x", only("z")));
    CHECK_FALSE(schemas.is_target_schema_shared("x", only("x")));
    CHECK(schemas.is_target_schema_shared("b", all));
    CHECK_FALSE(schemas.is_target_schema_shared("a", only("a")));
    CHECK_FALSE(schemas.is_target_schema_shared("other", all));
    const Router tables({"", "s.a:t.b,t.a:t.c", ""});
    CHECK(tables.is_target_schema_shared("t", only("s")));
    CHECK_FALSE(tables.is_target_schema_shared("t", only("t")));
    CHECK_FALSE(tables.is_target_schema_shared("s", all));
    CHECK(tables.maps_tables_of("s"));
    CHECK_FALSE(tables.maps_tables_of("u"));
}

TEST_CASE("router: what is malformed is refused with its key") {
    struct Case {
        RouterRules rules;
        const char* message;
    };
    const Case c = GENERATE(
        Case{{"a*:b", "", ""}, "[router] db_map: the item \"a*:b\" has a wildcard"},
        Case{{"", "a.t:b.u?", ""}, "[router] tb_map: the item \"a.t:b.u?\" has a wildcard"},
        Case{{"a", "", ""}, "[router] db_map: the item \"a\" is not of the form db:db"},
        Case{{"", "a:b", ""}, "[router] tb_map: the item \"a:b\" is not of the form"},
        Case{{"a:b,a:c", "", ""}, "[router] db_map: the item \"a:c\" maps what is mapped already"},
        Case{{"", "a.t:b.t,a.t:c.t", ""}, "maps what is mapped already"},
        Case{{"", "", "x"}, "[router] col_map: the value must begin with json:"},
        Case{{"", "", R"(json:[{"db":"d","tb":"t","col_map":["a"]}])"}, "are not an object"},
        Case{{"", "", R"(json:[{"db":"d","tb":"t","col_map":{"a":1}}])"}, "is not a name"},
        Case{{"", "", R"(json:[{"db":"d","tb":"t","col_map":{"a":"x","b":"x"}}])"}, "comes twice"});
    CHECK_THROWS_WITH(Router(c.rules), Contains(c.message));
}
