// The merge against a model: a source that lives through random valid changes, and a target that is
// told only what the planner makes of them. Both must hold the same rows after every group.
#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>

#include "lib/pipeline/group_planner.hpp"
#include "test/unit/sink/row_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// id is the primary key, u a secondary unique value (or none), v anything.
struct Row {
    std::int64_t id;
    std::optional<std::int64_t> u;
    std::int64_t v;
    auto operator<=>(const Row&) const = default;
};

TableSchemaPtr model_table() {
    auto table = make_table("t", {});
    for (const char* name : {"u", "v"}) {
        Column column;
        column.name = name;
        column.type = ColumnType::int64;
        table.columns.push_back(column);
    }
    table.unique_keys.push_back({"uk", {1}, true, false});
    return std::make_shared<TableSchema>(table);
}

std::vector<Value> values(const Row& row) {
    return {Value::int64(row.id), row.u ? Value::int64(*row.u) : Value::null(),
            Value::int64(row.v)};
}

Row row_of(const Value* image) {
    Row row{image[0].as_int64(), std::nullopt, image[2].as_int64()};
    if (!image[1].is_null()) row.u = image[1].as_int64();
    return row;
}

class Model {
  public:
    std::map<std::int64_t, Row> rows;

    bool u_taken(std::optional<std::int64_t> u, std::int64_t by_other_than) const {
        if (!u) return false;
        return std::any_of(rows.begin(), rows.end(), [&](const auto& entry) {
            return entry.second.u == u && entry.first != by_other_than;
        });
    }
    /// As REPLACE: rows in the way are deleted. Tells how many of them were other rows.
    int replace(const Row& row) {
        int others = 0;
        for (auto i = rows.begin(); i != rows.end();) {
            const bool other = i->first != row.id && row.u && i->second.u == row.u;
            others += other;
            i = other ? rows.erase(i) : std::next(i);
        }
        rows[row.id] = row;
        return others;
    }
};

/// One random change that a server would allow.
void change(Model& source, std::mt19937& random, const TableSchemaPtr& table, BatchBuilder& batch) {
    const auto pick = [&](int n) {
        return static_cast<std::int64_t>(random() % static_cast<unsigned>(n));
    };
    const std::int64_t id = pick(8);
    Row wanted{pick(8), pick(4) == 0 ? std::nullopt : std::optional(pick(6)), pick(1000)};
    const auto found = source.rows.find(id);
    if (found == source.rows.end()) {
        wanted.id = id;
        if (source.u_taken(wanted.u, id)) return;
        source.rows[id] = wanted;
        batch.insert(table, values(wanted));
        return;
    }
    const Row before = found->second;
    if (pick(3) == 0) {
        source.rows.erase(found);
        batch.remove(table, values(before));
        return;
    }
    if (pick(3) != 0) wanted.id = id;
    if (wanted.id != id && source.rows.contains(wanted.id)) return;
    if (source.u_taken(wanted.u, id)) return;
    source.rows.erase(found);
    source.rows[wanted.id] = wanted;
    batch.update(table, values(before), values(wanted));
}

void apply(Model& target, const WriteGroup& group) {
    for (const TableWrite& write : group.writes) {
        for (const RowWrite& row : write.rows) {
            switch (write.kind) {
                case WriteKind::remove:
                    target.rows.erase(row.before[0].as_int64());
                    break;
                case WriteKind::upsert:
                    CHECK(target.replace(row_of(row.after)) == 0);
                    break;
                case WriteKind::insert: {
                    const Row inserted = row_of(row.after);
                    CHECK_FALSE(target.rows.contains(inserted.id));
                    CHECK_FALSE(target.u_taken(inserted.u, inserted.id));
                    target.rows[inserted.id] = inserted;
                    break;
                }
                default:
                    FAIL("a write that this table cannot have");
            }
        }
    }
}

}  // namespace

TEST_CASE("merge: the target equals the source after every group, and no write meets another row") {
    const bool merge = GENERATE(true, false);
    const auto table = model_table();
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        Model source, target;
        GroupPlanner planner([](const TableSchemaPtr& s) { return bind_tables(s, s, {}); },
                             {.merge = merge});
        for (int group = 0; group < 5; ++group) {
            BatchBuilder batch;
            const std::uint64_t changes = 1 + random() % 40;
            for (std::uint64_t i = 0; i < changes; ++i) change(source, random, table, batch);
            batch.commit();
            GroupBuilder groups({1000, 1 << 30, false});
            groups.add(batch.take());
            apply(target, planner.plan(std::move(*groups.cut())));
            INFO("seed " << seed << ", group " << group << ", merge " << merge);
            REQUIRE(target.rows == source.rows);
        }
    }
}
