#include "lib/pipeline/filter.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"

using namespace dts;
using Catch::Contains;

namespace {

Filter filter_of(std::string do_dbs, std::string do_tbs, std::string ignore_dbs = {},
                 std::string ignore_tbs = {}) {
    FilterRules rules;
    rules.do_dbs = std::move(do_dbs);
    rules.do_tbs = std::move(do_tbs);
    rules.ignore_dbs = std::move(ignore_dbs);
    rules.ignore_tbs = std::move(ignore_tbs);
    return Filter(rules);
}

FilterRules with_columns(std::string ignore_cols) {
    FilterRules rules;
    rules.ignore_cols = std::move(ignore_cols);
    return rules;
}

}  // namespace

TEST_CASE("filter: do_dbs and do_tbs are a union") {
    const auto filter = filter_of("db1,db2*", "a.b,c.*,*.audit");
    CHECK(filter.selects("db1", "x"));
    CHECK(filter.selects("db2x", "x"));
    CHECK(filter.selects("a", "b"));
    CHECK_FALSE(filter.selects("a", "bb"));
    CHECK(filter.selects("c", "anything"));
    CHECK(filter.selects("other", "audit"));
    CHECK_FALSE(filter.selects("other", "x"));
}

TEST_CASE("filter: ignore beats do") {
    const auto filter = filter_of("*", "a.b", "tmp*", "a.b,*.log_?");
    CHECK(filter.selects("a", "c"));
    CHECK_FALSE(filter.selects("a", "b"));
    CHECK_FALSE(filter.selects("tmp1", "c"));
    CHECK_FALSE(filter.selects("a", "log_1"));
    CHECK(filter.selects("a", "log_12"));
}

TEST_CASE("filter: schemas of which all tables, or some, are selected") {
    const auto filter = filter_of("whole,part,pg_*", "c.*,d.t,*.audit", "gone", "part.secret");
    CHECK(filter.selects_all_of("whole"));
    CHECK(filter.selects_all_of("c"));
    for (const char* schema : {"part", "d", "other", "gone", "pg_catalog"}) {
        INFO(schema);
        CHECK_FALSE(filter.selects_all_of(schema));
    }
    for (const char* schema : {"whole", "part", "c", "d", "other"}) {
        INFO(schema);
        CHECK(filter.selects_any_of(schema));
    }
    CHECK_FALSE(filter.selects_any_of("gone"));
    CHECK_FALSE(filter.selects_any_of("pg_catalog"));
}

TEST_CASE("filter: the one schema or table that holds all that is selected") {
    const auto scope = [](const char* dbs, const char* tables) {
        FilterRules rules;
        rules.do_dbs = dbs;
        rules.do_tbs = tables;
        const auto found = Filter(rules).scope();
        return found.schema + "/" + found.table;
    };
    CHECK(scope("", "") == "/");
    CHECK(scope("a", "") == "a/");
    CHECK(scope("a,b", "") == "/");
    CHECK(scope("a*", "") == "/");
    CHECK(scope("", "a.t") == "a/t");
    CHECK(scope("", "a.t,a.u") == "a/");
    CHECK(scope("", "a.t*") == "a/");
    CHECK(scope("a", "a.t") == "a/");
    CHECK(scope("", "a.t,b.t") == "/");
}

TEST_CASE("filter: with nothing in do_* nothing is synced") {
    const auto filter = filter_of("", "", "x", "a.b");
    CHECK(filter.selects_nothing());
    CHECK_FALSE(filter.selects("a", "c"));
    CHECK_FALSE(filter_of("", "a.b").selects_nothing());
    CHECK_FALSE(filter_of("a", "").selects_nothing());
}

TEST_CASE("filter: quoted names are literal") {
    const auto filter = filter_of("`db*&#`", "`a.b`.`c,d`");
    CHECK(filter.selects("db*&#", "t"));
    CHECK_FALSE(filter.selects("dbx&#", "t"));
    CHECK(filter.selects("a.b", "c,d"));
}

TEST_CASE("filter: the server's own schemas are selected by their name only") {
    const auto all = filter_of("*", "*.*,m*.user,mysq?.*");
    for (const char* schema : {"mysql", "sys", "information_schema", "performance_schema"})
        CHECK_FALSE(all.selects(schema, "user"));
    CHECK(all.selects("mysqlx", "user"));
    CHECK(filter_of("mysql", "").selects("mysql", "user"));
    CHECK(filter_of("", "mysql.u*").selects("mysql", "user"));
    CHECK_FALSE(filter_of("", "mysql.u*").selects("mysql", "db"));
    CHECK(filter_of("`sys`", "").selects("sys", "x"));
}

TEST_CASE("filter: do_events names the kinds of changes") {
    FilterRules rules;
    const Filter all(rules);
    CHECK(all.event(ChangeKind::insert));
    CHECK(all.event(ChangeKind::update));
    CHECK(all.event(ChangeKind::remove));
    rules.do_events = "insert, delete";
    const Filter some(rules);
    CHECK(some.event(ChangeKind::insert));
    CHECK_FALSE(some.event(ChangeKind::update));
    CHECK(some.event(ChangeKind::remove));
    rules.do_events = "insert,upsert";
    CHECK_THROWS_WITH(Filter(rules),
                      "[filter] do_events: the item \"upsert\" is not insert, update, delete or *");
}

TEST_CASE("filter: columns are ignored for the table they are named with") {
    const Filter filter(with_columns(
        R"(json:[{"db":"d","tb":"t","ignore_cols":["c1","c2"]},{"db":"d","tb":"`u*`","ignore_cols":["c3"]}])"));
    CHECK(filter.ignored_columns("d", "t") == std::vector<std::string>{"c1", "c2"});
    CHECK(filter.ignored_columns("d", "u*") == std::vector<std::string>{"c3"});
    CHECK(filter.ignored_columns("d", "x").empty());
}

TEST_CASE("filter: malformed column rules are refused") {
    struct Case {
        const char* text;
        const char* message;
    };
    const Case c = GENERATE(
        Case{"[]", "must begin with json:"}, Case{"json:", "can not be read at character 1"},
        Case{"json:{}", "is not an array"}, Case{"json:[1]", "every rule is an object"},
        Case{"json:[{}] x", "can not be read"},
        Case{R"(json:[{"tb":"t","ignore_cols":[]}])", "needs a \"db\""},
        Case{R"(json:[{"db":"d","tb":1,"ignore_cols":[]}])", "needs a \"tb\""},
        Case{R"(json:[{"db":"d","tb":"t"}])", "has no \"ignore_cols\""},
        Case{R"(json:[{"db":"d","tb":"t","ignore_cols":"c"}])", "are not an array"},
        Case{R"(json:[{"db":"d","tb":"t","ignore_cols":[1]}])", "is not a name"},
        Case{R"(json:[{"db":"d","tb":"t","cols":[]}])", "\"cols\" is not known"},
        Case{R"(json:[{"db":"d","tb":"*","ignore_cols":[]}])", "wildcards do not work here"},
        Case{R"(json:[{"db":"d","tb":"t","ignore_cols":[]},{"db":"d","tb":"t","ignore_cols":[]}])",
             "d.t has two rules"});
    INFO(c.text);
    CHECK_THROWS_WITH(Filter(with_columns(c.text)),
                      Contains("[filter] ignore_cols: ") && Contains(c.message));
}

TEST_CASE("filter: a malformed item is named with its key") {
    CHECK_THROWS_WITH(filter_of("a.b", ""), Contains("[filter] do_dbs: the item \"a.b\""));
    CHECK_THROWS_WITH(filter_of("", "a"), Contains("[filter] do_tbs: the item \"a\""));
    CHECK_THROWS_WITH(filter_of("", "", "`a"), Contains("[filter] ignore_dbs"));
    CHECK_THROWS_WITH(filter_of("", "", "", "a.b.c"), Contains("[filter] ignore_tbs"));
}
