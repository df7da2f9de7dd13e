#include "lib/pipeline/group_planner.hpp"

#include <catch2/catch.hpp>

#include "test/unit/sink/row_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct Planned {
    WriteGroup group;
    /// "remove 1,2; upsert 3" — the kinds with the ids of their rows.
    std::string text() const {
        static constexpr const char* names[] = {"insert",       "upsert",       "update",  "remove",
                                                "update_exact", "remove_exact", "truncate"};
        std::string result;
        for (const TableWrite& write : group.writes) {
            if (!result.empty()) result += "; ";
            result += names[static_cast<int>(write.kind)];
            char separator = ' ';
            if (write.kind == WriteKind::truncate) continue;
            for (const RowWrite& row : write.rows) {
                result += separator;
                result += std::to_string((row.after ? row.after : row.before)[0].as_int64());
                separator = ',';
            }
        }
        return result;
    }
};

Planned plan(BatchBuilder& batch, const TableSchema& target, GroupPlanner::Options options = {}) {
    GroupBuilder groups({1000, 1 << 30, false});
    groups.add(batch.take());
    const auto shared_target = std::make_shared<TableSchema>(target);
    GroupPlanner planner(
        [&](const TableSchemaPtr& source) { return bind_tables(source, shared_target, {}); },
        options);
    auto cut = groups.cut();
    REQUIRE(cut);
    return {planner.plan(std::move(*cut))};
}

Value id(std::int64_t v) {
    return Value::int64(v);
}

}  // namespace

TEST_CASE("planner: the last state of each row wins") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}));
    BatchBuilder batch;
    batch.insert(t, {id(1), text("x")})
        .update(t, {id(1), text("x")}, {id(1), text("y")})
        .update(t, {id(2), text("p")}, {id(2), text("q")})
        .update(t, {id(2), text("q")}, {id(2), text("r")})
        .remove(t, {id(3), text("z")})
        .commit();
    const auto planned = plan(batch, *t);
    CHECK(planned.text() == "remove 3; upsert 2; insert 1");
    CHECK(planned.group.writes[1].rows[0].after[1].as_view() == "r");
    CHECK(planned.group.writes[2].rows[0].after[1].as_view() == "y");
}

TEST_CASE("planner: inserted and removed leaves nothing behind, removed and inserted a row") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}));
    BatchBuilder batch;
    batch.insert(t, {id(1), text("x")})
        .remove(t, {id(1), text("x")})
        .remove(t, {id(2), text("x")})
        .insert(t, {id(2), text("y")})
        .commit();
    CHECK(plan(batch, *t).text() == "remove 1; upsert 2");
}

TEST_CASE("planner: a changed key removes the old row and writes the new one") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}));
    BatchBuilder batch;
    batch.update(t, {id(1), text("x")}, {id(2), text("x")})
        .update(t, {id(3), text("y")}, {id(1), text("y")})
        .commit();
    CHECK(plan(batch, *t).text() == "remove 3; upsert 1; insert 2");
}

TEST_CASE("planner: rows that swap a secondary unique value are deleted before they are written") {
    auto table = make_table("t", {"u"});
    table.unique_keys.push_back({"uk", {1}, true, false});
    const auto t = std::make_shared<TableSchema>(table);
    BatchBuilder batch;
    batch.update(t, {id(1), text("a")}, {id(1), text("tmp")})
        .update(t, {id(2), text("b")}, {id(2), text("a")})
        .update(t, {id(1), text("tmp")}, {id(1), text("b")})
        .commit();
    CHECK(plan(batch, *t).text() == "remove 1,2; upsert 1,2");
}

TEST_CASE("planner: a keyless table keeps its order and matches whole rows") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}, false));
    BatchBuilder batch;
    batch.insert(t, {id(1), text("x")})
        .insert(t, {id(1), text("x")})
        .remove(t, {id(1), text("x")})
        .update(t, {id(1), text("x")}, {id(2), text("x")})
        .insert(t, {id(3), text("x")})
        .commit();
    CHECK(plan(batch, *t).text() == "insert 1,1; remove_exact 1; update_exact 2; insert 3");
}

TEST_CASE("planner: a target with columns of its own is updated in place, in order") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}));
    const auto wider = make_table("t", {"a", "own"});
    BatchBuilder batch;
    batch.insert(t, {id(1), text("x")})
        .update(t, {id(1), text("x")}, {id(1), text("y")})
        .update(t, {id(1), text("y")}, {id(2), text("y")})
        .remove(t, {id(2), text("y")})
        .commit();
    CHECK(plan(batch, wider).text() == "insert 1; update 1,2; remove 2");
}

TEST_CASE("planner: a partial row keeps its order behind what was merged before it") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}));
    BatchBuilder batch;
    batch.insert(t, {id(1), text("x")}).update(t, {id(1), Value()}, {id(1), text("y")}).commit();
    auto taken = batch.take();
    taken->changes[1].partial = true;
    GroupBuilder groups({1000, 1 << 30, false});
    groups.add(std::move(taken));
    GroupPlanner planner([&](const TableSchemaPtr& s) { return bind_tables(s, t, {}); }, {});
    const Planned planned{planner.plan(std::move(*groups.cut()))};
    CHECK(planned.text() == "insert 1; update 1");
}

TEST_CASE("planner: serial keeps the order over all tables") {
    const auto a = std::make_shared<TableSchema>(make_table("a", {"x"}));
    const auto b = std::make_shared<TableSchema>(make_table("b", {"x"}));
    BatchBuilder batch;
    batch.insert(a, {id(1), text("x")})
        .insert(a, {id(2), text("x")})
        .insert(b, {id(3), text("x")})
        .update(a, {id(1), text("x")}, {id(4), text("x")})
        .commit();
    GroupBuilder groups({1000, 1 << 30, true});
    groups.add(batch.take());
    GroupPlanner planner([](const TableSchemaPtr& s) { return bind_tables(s, s, {}); },
                         {.merge = false});
    const Planned planned{planner.plan(std::move(*groups.cut()))};
    CHECK(planned.text() == "insert 1,2; insert 3; remove 1; upsert 4");
}

TEST_CASE("planner: tables routed to one target keep their common order") {
    const auto a = std::make_shared<TableSchema>(make_table("a", {"x"}));
    const auto b = std::make_shared<TableSchema>(make_table("b", {"x"}));
    const auto k = std::make_shared<TableSchema>(make_table("k", {"x"}));
    BatchBuilder batch;
    batch.update(b, {id(9), text("x")}, {id(9), text("y")})
        .remove(a, {id(5), text("x")})
        .insert(b, {id(5), text("z")})
        .commit();
    GroupBuilder groups({1000, 1 << 30, false});
    groups.add(batch.take());
    GroupPlanner planner([&](const TableSchemaPtr& s) { return bind_tables(s, k, {}); }, {});
    const Planned planned{planner.plan(std::move(*groups.cut()))};
    CHECK(planned.text() == "upsert 9; remove 5; insert 5");
}

TEST_CASE("planner: tables routed to one target keep their common order when one is altered") {
    const auto a = std::make_shared<TableSchema>(make_table("a", {"x"}));
    const auto b = std::make_shared<TableSchema>(make_table("b", {"x"}));
    const auto c = std::make_shared<TableSchema>(make_table("c", {"x"}));
    const auto newer = [](const TableSchemaPtr& table) {
        auto altered = *table;
        altered.columns[1].length = 1;
        return std::make_shared<TableSchema>(altered);
    };
    const auto k = std::make_shared<TableSchema>(make_table("k", {"x"}));
    GroupPlanner planner([&](const TableSchemaPtr& s) { return bind_tables(s, k, {}); }, {});
    GroupBuilder groups({1000, 1 << 30, false});
    BatchBuilder batch;
    const auto planned = [&] {
        batch.commit();
        groups.add(batch.take());
        return Planned{planner.plan(std::move(*groups.cut()))}.text();
    };
    batch.insert(a, {id(1), text("x")}).insert(b, {id(2), text("x")}).insert(c, {id(3), text("x")});
    CHECK(planned() == "insert 1; insert 2; insert 3");

    // In the group of the change, and in the next one.
    const auto a2 = newer(a);
    batch.update(b, {id(9), text("x")}, {id(9), text("y")})
        .remove(a2, {id(5), text("x")})
        .insert(b, {id(5), text("z")});
    CHECK(planned() == "upsert 9; remove 5; insert 5");
    batch.update(c, {id(9), text("x")}, {id(9), text("y")})
        .remove(b, {id(5), text("x")})
        .insert(c, {id(5), text("z")})
        .remove(a2, {id(6), text("x")})
        .insert(b, {id(6), text("z")});
    CHECK(planned() == "upsert 9; remove 5; insert 5; remove 6; insert 6");

    // The one altered is not the first that was met.
    const auto b2 = newer(b);
    batch.update(b2, {id(9), text("x")}, {id(9), text("y")})
        .remove(a2, {id(5), text("x")})
        .insert(b2, {id(5), text("z")});
    CHECK(planned() == "upsert 9; remove 5; insert 5");
}

TEST_CASE("planner: a changed definition takes the place of the older one") {
    const auto older = std::make_shared<TableSchema>(make_table("t", {"a"}));
    const auto newer = std::make_shared<TableSchema>(make_table("t", {"a", "b"}));
    int bindings = 0;
    GroupPlanner planner(
        [&](const TableSchemaPtr& s) {
            ++bindings;
            return bind_tables(s, s, {});
        },
        {});
    BatchBuilder batch;
    GroupBuilder groups({1000, 1 << 30, false});
    batch.insert(older, {id(1), text("x")}).insert(newer, {id(2), text("x"), text("y")}).commit();
    groups.add(batch.take());
    CHECK(Planned{planner.plan(std::move(*groups.cut()))}.text() == "insert 1; insert 2");
    batch.insert(newer, {id(3), text("x"), text("y")}).commit();
    groups.add(batch.take());
    CHECK(Planned{planner.plan(std::move(*groups.cut()))}.text() == "insert 3");
    CHECK(bindings == 2);
}

TEST_CASE("planner: a partial image of a keyless row is refused, with a hint") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}, false));
    BatchBuilder batch;
    batch.remove(t, {id(1), Value()}).commit();
    auto taken = batch.take();
    taken->changes[0].partial = true;
    GroupBuilder groups({1000, 1 << 30, false});
    groups.add(std::move(taken));
    GroupPlanner planner([&](const TableSchemaPtr& s) { return bind_tables(s, t, {}); }, {});
    CHECK_THROWS_WITH(planner.plan(std::move(*groups.cut())),
                      Catch::Contains("`a`") && Catch::Contains("HINT"));
}

TEST_CASE("planner: events that are filtered leave no write") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}));
    BatchBuilder batch;
    batch.insert(t, {id(1), text("x")}).remove(t, {id(2), text("x")}).commit();
    CHECK(plan(batch, *t, {.removes = false}).text() == "insert 1");
}

TEST_CASE("binding: a column that the target lacks is named") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a", "b"}));
    const auto narrow = std::make_shared<TableSchema>(make_table("t", {"a"}));
    CHECK_THROWS_WITH(bind_tables(t, narrow, {}),
                      Catch::Contains("`b`") && Catch::Contains("HINT"));
    CHECK_NOTHROW(bind_tables(t, narrow, {{}, {"b"}}));
}

TEST_CASE("planner: nothing is merged across a truncation, whatever table it is of") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}));
    const auto u = std::make_shared<TableSchema>(make_table("u", {"a"}));
    for (const bool merge : {true, false}) {
        BatchBuilder batch;
        batch.insert(t, {id(1), text("x")})
            .insert(u, {id(7), text("x")})
            .truncate(t)
            .truncate(u)
            .insert(t, {id(1), text("y")})
            .commit();
        GroupBuilder groups({1000, 1 << 30, false});
        groups.add(batch.take());
        GroupPlanner::Options options;
        options.merge = merge;
        GroupPlanner planner(
            [](const TableSchemaPtr& source) { return bind_tables(source, source, {}); }, options);
        const Planned planned{planner.plan(std::move(*groups.cut()))};
        CHECK(planned.text() == "insert 1; insert 7; truncate; truncate; insert 1");
        CHECK(planned.group.writes[2].binding->target->table == "t");
        CHECK(planned.group.writes[3].binding->target->table == "u");
        CHECK(planned.group.writes[4].rows[0].after[1].as_view() == "y");
    }
}

TEST_CASE("planner: a truncation of one of two source tables that share a target is refused") {
    const auto t = std::make_shared<TableSchema>(make_table("t", {"a"}));
    const auto u = std::make_shared<TableSchema>(make_table("u", {"a"}));
    BatchBuilder batch;
    batch.truncate(t).commit();
    GroupBuilder groups({1000, 1 << 30, false});
    groups.add(batch.take());
    GroupPlanner::Options options;
    // Whether or not the other one has changed yet.
    options.shares_target = [](const TableSchema& source) { return source.table == "t"; };
    GroupPlanner planner([&u](const TableSchemaPtr& source) { return bind_tables(source, u, {}); },
                         options);
    CHECK_THROWS_WITH(planner.plan(std::move(*groups.cut())),
                      Catch::Contains("would empty target table"));
}
