#include "lib/pipeline/group_builder.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/unit/sink/row_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

const TableSchemaPtr table = std::make_shared<TableSchema>(make_table("t", {"a"}));

void insert_rows(BatchBuilder& builder, int count) {
    for (int i = 0; i < count; ++i) builder.insert(table, {Value::int64(i), text("x")});
}

std::size_t changes_of(const GroupCut& cut) {
    std::size_t count = 0;
    for (const Segment& s : cut.segments) count += s.end - s.begin;
    return count;
}

}  // namespace

TEST_CASE("group builder: whole transactions that arrived together become one group") {
    GroupBuilder groups({100, 1 << 30, false});
    BatchBuilder batch;
    insert_rows(batch, 2);
    batch.commit();
    insert_rows(batch, 3);
    batch.commit();
    groups.add(batch.take());
    auto cut = groups.cut();
    REQUIRE(cut);
    CHECK(changes_of(*cut) == 5);
    CHECK(cut->ends_transaction);
    CHECK(offset_of(cut->checkpoint) == 200);
    CHECK_FALSE(groups.cut());
}

TEST_CASE("group builder: a change of a collection itself is a group of its own") {
    GroupBuilder groups({100, 1 << 30, false});
    BatchBuilder batch;
    insert_rows(batch, 2);
    groups.add(batch.commit().take());
    groups.add(batch.command({CollectionCommand::Kind::drop, "d", "c"}).commit().take());
    groups.add(batch.command({CollectionCommand::Kind::create, "d", "c"}).commit().take());
    insert_rows(batch, 3);
    groups.add(batch.commit().take());
    std::vector<std::string> cuts;
    while (const auto cut = groups.cut())
        cuts.push_back(fmt::format("{} {} {}", cut->command ? cut->command->name() : "-",
                                   changes_of(*cut), offset_of(cut->checkpoint)));
    CHECK(cuts == std::vector<std::string>{"- 2 100", "drop 0 200", "create 0 300", "- 3 400"});
}

TEST_CASE("group builder: an unfinished transaction waits for its end") {
    GroupBuilder groups({100, 1 << 30, false});
    BatchBuilder batch;
    insert_rows(batch, 2);
    batch.commit();
    insert_rows(batch, 3);
    groups.add(batch.take());
    auto cut = groups.cut();
    REQUIRE(cut);
    CHECK(changes_of(*cut) == 2);
    CHECK(offset_of(cut->checkpoint) == 100);
    CHECK_FALSE(groups.cut());

    insert_rows(batch, 1);
    batch.commit();
    groups.add(batch.take());
    cut = groups.cut();
    REQUIRE(cut);
    CHECK(changes_of(*cut) == 4);
    CHECK(offset_of(cut->checkpoint) == 200);
}

TEST_CASE("group builder: a group never ends between the changes and the mark of a transaction") {
    // The limit is reached inside the second transaction, whose end is in the next batch.
    GroupBuilder groups({4, 1 << 30, false});
    BatchBuilder batch;
    insert_rows(batch, 3);
    batch.commit();
    insert_rows(batch, 3);
    groups.add(batch.take());
    insert_rows(batch, 3);
    batch.commit();
    insert_rows(batch, 1);
    batch.commit();
    groups.add(batch.take());

    std::size_t changes = 0;
    std::uint64_t last = 0;
    while (auto cut = groups.cut()) {
        REQUIRE(cut->ends_transaction);
        changes += changes_of(*cut);
        const std::uint64_t offset = offset_of(cut->checkpoint);
        CHECK(offset > last);
        last = offset;
        // Three transactions of 3, 6 and 1 changes end at 100, 200 and 300.
        const std::size_t expected = offset == 100 ? 3 : offset == 200 ? 9 : 10;
        CHECK(changes == expected);
    }
    CHECK(last == 300);
}

TEST_CASE("group builder: a transaction beyond the limits comes in parts, the last with its mark") {
    GroupBuilder groups({4, 1 << 30, false});
    BatchBuilder batch;
    insert_rows(batch, 5);
    groups.add(batch.take());
    auto part = groups.cut();
    REQUIRE(part);
    CHECK_FALSE(part->ends_transaction);
    CHECK(part->checkpoint == nullptr);
    CHECK(changes_of(*part) == 5);
    CHECK_FALSE(groups.cut());

    insert_rows(batch, 2);
    batch.commit();
    groups.add(batch.take());
    auto rest = groups.cut();
    REQUIRE(rest);
    CHECK(rest->ends_transaction);
    CHECK(changes_of(*rest) == 2);
    CHECK(offset_of(rest->checkpoint) == 100);
}

TEST_CASE("group builder: serial keeps every source transaction a group of its own") {
    GroupBuilder groups({100, 1 << 30, true});
    BatchBuilder batch;
    for (int i = 1; i <= 3; ++i) {
        insert_rows(batch, i);
        batch.commit();
    }
    groups.add(batch.take());
    for (std::size_t i = 1; i <= 3; ++i) {
        auto cut = groups.cut();
        REQUIRE(cut);
        CHECK(changes_of(*cut) == i);
        CHECK(offset_of(cut->checkpoint) == i * 100);
    }
    CHECK_FALSE(groups.cut());
}

TEST_CASE("group builder: a heartbeat is a group without changes") {
    GroupBuilder groups({100, 1 << 30, false});
    BatchBuilder batch;
    batch.commit();
    groups.add(batch.take());
    auto cut = groups.cut();
    REQUIRE(cut);
    CHECK(cut->segments.empty());
    CHECK(offset_of(cut->checkpoint) == 100);
}

TEST_CASE("group builder: a cut ends behind a definition statement, inside its transaction") {
    GroupBuilder groups({100, 1 << 30, false});
    BatchBuilder builder;
    insert_rows(builder, 2);
    builder.commit();
    insert_rows(builder, 3);
    auto batch = builder.take();
    batch->definition = std::make_shared<Definition>();
    batch->changes.push_back({nullptr, nullptr, nullptr, ChangeKind::definition});
    groups.add(std::move(batch));
    auto cut = groups.cut();
    REQUIRE(cut);
    CHECK(changes_of(*cut) == 2);
    CHECK_FALSE(groups.cut());

    insert_rows(builder, 1);
    builder.commit();
    insert_rows(builder, 7);
    builder.commit();
    groups.add(builder.take());
    cut = groups.cut();
    REQUIRE(cut);
    CHECK(changes_of(*cut) == 4);
    CHECK_FALSE(cut->ends_transaction);
    CHECK_FALSE(cut->checkpoint);
    CHECK(cut->current);
    cut = groups.cut();
    REQUIRE(cut);
    CHECK(changes_of(*cut) == 8);
    CHECK(cut->ends_transaction);
    CHECK(cut->checkpoint);
}

TEST_CASE("group builder: a part of a large transaction ends behind a definition statement") {
    GroupBuilder groups({4, 1 << 30, false});
    BatchBuilder builder;
    insert_rows(builder, 2);
    auto batch = builder.take();
    batch->definition = std::make_shared<Definition>();
    batch->changes.push_back({nullptr, nullptr, nullptr, ChangeKind::definition});
    groups.add(std::move(batch));
    insert_rows(builder, 9);
    groups.add(builder.take());
    auto cut = groups.cut();
    REQUIRE(cut);
    CHECK(changes_of(*cut) == 3);
    CHECK_FALSE(cut->ends_transaction);
    cut = groups.cut();
    REQUIRE(cut);
    CHECK(changes_of(*cut) == 9);
}
