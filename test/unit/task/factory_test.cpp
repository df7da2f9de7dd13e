#include "lib/task/factory.hpp"

#include <catch2/catch.hpp>

#include "lib/sink/dummy_sink.hpp"
#include "test/unit/sink/row_fixture.hpp"

using namespace dts;
using namespace dts::test;

TEST_CASE(
    "factory: positions that the source holds of other tasks are not written over this task's") {
    TaskConfig config;
    config.resumer.position_table = {"db", "task_position"};
    FilterRules everything;
    everything.do_dbs = "*";
    const Filter filter(everything);
    const Router router({"", "db.other:db.task_position", ""});
    DummySink sink;
    GroupPlanner planner = make_planner(config, filter, router, sink);

    BatchBuilder batch;
    for (const auto* name : {"task_position", "other", "t"}) {
        batch.insert(std::make_shared<TableSchema>(make_table(name, {})), {Value::int64(1)});
    }
    batch.commit();
    GroupBuilder groups({100, 1 << 30, false});
    groups.add(batch.take());
    const WriteGroup group = planner.plan(std::move(*groups.cut()));
    REQUIRE(group.writes.size() == 1);
    CHECK(group.writes[0].binding->target->table == "t");
}
