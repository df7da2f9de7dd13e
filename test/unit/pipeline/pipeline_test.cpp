#include "lib/pipeline/pipeline.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <thread>

#include "lib/base/error.hpp"
#include "test/unit/pipeline/fakes.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct Fixture {
    const TableSchemaPtr table = std::make_shared<TableSchema>(make_table("t", {"a"}));
    ScriptedSource source;
    RecordingSink sink;
    Progress progress;
    std::vector<std::string> notes;
    std::vector<std::string> retries;
    std::function<void()> on_disk;
    std::binary_semaphore part_applied{0};
    std::function<void()> on_bind;
    Pipeline::Options options;

    Fixture() {
        options.limits.changes = 10;
        options.first_retry_delay = std::chrono::milliseconds(1);
    }

    void batch_of(int transactions, std::uint64_t first_offset = 0) {
        BatchBuilder builder(first_offset);
        for (int i = 0; i < transactions; ++i) {
            builder.insert(table, {Value::int64(i), text("x")}).commit();
        }
        source.script.push_back(builder.take());
    }

    /// Runs until the pipeline ends by itself, or has handed on `until`.
    void run(std::uint64_t until = 0) {
        GroupPlanner::Options planning;
        planning.route_command = [](const CollectionCommand& command) {
            return std::make_shared<CollectionCommand>(command);
        };
        GroupPlanner planner(
            [&](const TableSchemaPtr& s) {
                if (on_bind) on_bind();
                return bind_tables(s, s, {});
            },
            std::move(planning));
        Pipeline* running = nullptr;
        Pipeline pipeline(
            source, sink, std::move(planner), options,
            {[&](PositionPtr, PositionPtr checkpoint) {
                 sink.calls.push_back("record " + std::to_string(offset_of(checkpoint)));
                 if (until != 0 && offset_of(checkpoint) >= until) running->stop();
             },
             [&](const std::string& text) { notes.push_back(text); },
             {},
             [&](const Error& error) { retries.push_back(error.text()); },
             [&] {
                 if (on_disk) on_disk();
                 sink.calls.push_back("on disk");
             }},
            progress);
        running = &pipeline;
        pipeline.run();
    }
};

using Calls = std::vector<std::string>;

}  // namespace

TEST_CASE("pipeline: a position is handed on only behind the commit of its changes") {
    Fixture f;
    f.batch_of(3);
    f.run(300);
    CHECK(f.sink.calls == Calls{"commit 300", "record 300"});
    CHECK(f.progress.applied_changes == 3);
}

TEST_CASE("pipeline: a change of a collection itself stands between two records") {
    Fixture f;
    f.batch_of(1);
    BatchBuilder builder(100);
    f.source.script.push_back(
        builder.command({CollectionCommand::Kind::drop, "d", "c"}).commit().take());
    f.batch_of(1, 200);
    std::atomic<bool> is_done = false, planned_early = false;
    f.sink.on_apply = [&](RecordingSink& sink, const WriteGroup& group) {
        if (group.command) sink.calls.push_back(group.command->name());
    };
    // Written by the writing thread, in front of what the encoder waits for.
    f.sink.on_encode = [&](const WriteGroup& group) {
        if (!group.writes.empty() && offset_of(group.checkpoint) == 300 && !is_done)
            planned_early = true;
    };
    f.on_disk = [&] { is_done = f.sink.calls.back() == "record 200"; };
    f.run(300);
    CHECK(f.sink.calls == Calls{"commit 100", "record 100", "on disk", "drop", "commit 200",
                                "record 200", "on disk", "commit 300", "record 300"});
    CHECK_FALSE(planned_early);
}

TEST_CASE("pipeline: an idle position is recorded before a change of a collection is applied") {
    Fixture f;
    BatchBuilder builder;
    f.source.script.push_back(builder.commit().take());
    f.source.script.push_back(
        builder.command({CollectionCommand::Kind::drop, "d", "c"}).commit().take());
    f.options.idle_checkpoint_interval = std::chrono::hours(1);
    f.run(200);
    CHECK(f.sink.calls ==
          Calls{"store 100", "record 100", "on disk", "commit 200", "record 200", "on disk"});
}

TEST_CASE(
    "pipeline: a failed change of a collection is not recorded, nor is what follows applied") {
    Fixture f;
    BatchBuilder builder;
    f.source.script.push_back(
        builder.command({CollectionCommand::Kind::drop, "d", "c"}).commit().take());
    f.batch_of(1, 100);
    f.sink.on_apply = [](RecordingSink&, const WriteGroup&) {
        throw Error(ErrorKind::data, "refused by the target");
    };
    CHECK_THROWS_WITH(f.run(), Catch::Contains("refused by the target"));
    CHECK(f.sink.calls == Calls{"on disk", "abandon"});
}

TEST_CASE("pipeline: a failed write is not recorded") {
    Fixture f;
    f.batch_of(2);
    f.sink.on_apply = [](RecordingSink&, const WriteGroup&) {
        throw Error(ErrorKind::data, "refused by the target");
    };
    CHECK_THROWS_WITH(f.run(), Catch::Contains("refused by the target"));
    CHECK(f.sink.calls == Calls{"abandon"});
}

TEST_CASE("pipeline: a transient error retries the group from its start") {
    Fixture f;
    f.batch_of(2);
    int failures = 2;
    f.sink.on_apply = [&](RecordingSink&, const WriteGroup&) {
        if (failures-- > 0) throw Error(ErrorKind::transient, "deadlock");
    };
    f.run(200);
    CHECK(f.sink.calls == Calls{"recover", "recover", "commit 200", "record 200"});
    CHECK(f.notes.size() == 2);
}

TEST_CASE("pipeline: a commit whose reply was lost is not executed again") {
    Fixture f;
    f.batch_of(1);
    f.sink.recovery = Sink::Recovery::committed;
    f.sink.on_apply = [](RecordingSink&, const WriteGroup&) {
        throw Error(ErrorKind::transient, "lost connection");
    };
    f.run(100);
    CHECK(f.sink.calls == Calls{"recover", "record 100"});
}

TEST_CASE("pipeline: a target that went back is not written behind the hole") {
    Fixture f;
    f.batch_of(1);
    f.sink.recovery = Sink::Recovery::start_over;
    f.sink.on_apply = [](RecordingSink&, const WriteGroup&) {
        throw Error(ErrorKind::transient, "lost connection");
    };
    CHECK_THROWS_WITH(f.run(), Catch::Contains("went back"));
    CHECK(f.sink.calls == Calls{"recover"});
}

TEST_CASE("pipeline: an idle position that falls due inside a large transaction is not committed") {
    Fixture f;
    f.options.idle_checkpoint_interval = std::chrono::milliseconds(0);
    BatchBuilder builder;
    f.source.script.push_back(builder.commit().take());
    for (int i = 0; i < 25; ++i) builder.insert(f.table, {Value::int64(i), text("x")});
    f.source.script.push_back(builder.take());
    // While the part is open the source stays quiet for a moment, as one with unsubscribed rows
    // does.
    f.source.before_next = [&] {
        if (f.source.script.empty()) f.part_applied.acquire();
    };
    f.sink.on_apply = [&](RecordingSink&, const WriteGroup& group) {
        if (!group.ends_transaction) f.part_applied.release();
    };
    f.source.end = Error(ErrorKind::transient, "source gone");
    CHECK_THROWS(f.run());
    const auto part = std::find(f.sink.calls.begin(), f.sink.calls.end(), "part");
    REQUIRE(part != f.sink.calls.end());
    CHECK(std::find(part, f.sink.calls.end(), "store 100") == f.sink.calls.end());
    CHECK(f.sink.calls.back() == "abandon");
}

TEST_CASE("pipeline: parts of a transaction that the source took back are rolled back") {
    Fixture f;
    BatchBuilder builder;
    for (int i = 0; i < 25; ++i) builder.insert(f.table, {Value::int64(i), text("x")});
    f.source.script.push_back(builder.take());
    builder.insert(f.table, {Value::int64(99), text("x")}).commit();
    auto next = builder.take();
    next->voids_open_transaction = true;
    f.source.script.push_back(std::move(next));
    std::uint64_t committed = 0;
    f.sink.on_apply = [&](RecordingSink&, const WriteGroup& group) {
        if (group.ends_transaction) committed += group.changes;
    };
    f.run(100);
    CHECK(committed == 1);
    CHECK(std::count(f.sink.calls.begin(), f.sink.calls.end(), "record 100") == 1);
    // Where the part had reached the target before the news came, it was rolled back first.
    const bool part_seen =
        std::find(f.sink.calls.begin(), f.sink.calls.end(), "part") != f.sink.calls.end();
    const bool abandoned =
        std::find(f.sink.calls.begin(), f.sink.calls.end(), "abandon") != f.sink.calls.end();
    CHECK(part_seen == abandoned);
}

TEST_CASE("pipeline: what the source took back before it was applied does not count as lag") {
    Fixture f;
    BatchBuilder builder;
    builder.insert(f.table, {Value::int64(1), text("x")}).commit();
    for (int i = 2; i < 7; ++i) builder.insert(f.table, {Value::int64(i), text("x")});
    f.source.script.push_back(builder.take());
    builder.insert(f.table, {Value::int64(99), text("x")}).commit();
    auto next = builder.take();
    next->voids_open_transaction = true;
    f.source.script.push_back(std::move(next));
    f.run(200);
    CHECK(f.progress.applied_changes == 2);
    CHECK(f.progress.oldest_unapplied_us == 0);
}

TEST_CASE("pipeline: what waits is told in bytes, though changes may be what bounds it") {
    Fixture f;
    f.options.limits.changes = 3;
    f.options.queue_changes = 4;
    f.batch_of(3);
    f.batch_of(3, 300);
    f.batch_of(3, 600);
    const std::size_t bytes = f.source.script.front()->bytes();
    std::uint64_t most = 0;
    std::atomic<int> reads = 0;
    f.source.before_next = [&] {
        ++reads;
        reads.notify_all();
    };
    f.sink.on_apply = [&](RecordingSink&, const WriteGroup&) {
        // One batch is here, one is encoded, and one waits when a fourth is asked for.
        for (int n = reads; n < 4; n = reads) reads.wait(n);
        most = std::max<std::uint64_t>(most, f.progress.queue_bytes);
    };
    f.run(900);
    // The encoder may not have taken the second yet: then two wait.
    CHECK(most >= bytes);
    CHECK(most % bytes == 0);
    CHECK(f.progress.queue_bytes == 0);
}

TEST_CASE("pipeline: a part of a large transaction is never recorded, nor retried alone") {
    Fixture f;
    BatchBuilder builder;
    for (int i = 0; i < 25; ++i) builder.insert(f.table, {Value::int64(i), text("x")});
    f.source.script.push_back(builder.take());
    f.source.end = Error(ErrorKind::transient, "source gone");
    CHECK_THROWS_WITH(f.run(), Catch::Contains("source gone"));
    CHECK(f.sink.calls == Calls{"part", "abandon"});

    Fixture g;
    for (int i = 0; i < 25; ++i) builder.insert(g.table, {Value::int64(i), text("x")});
    g.source.script.push_back(builder.take());
    g.sink.on_apply = [](RecordingSink&, const WriteGroup&) {
        throw Error(ErrorKind::transient, "deadlock");
    };
    CHECK_THROWS_WITH(g.run(), Catch::Contains("deadlock"));
    CHECK(g.sink.calls == Calls{"abandon"});
}

TEST_CASE("pipeline: a large transaction ends with its last part and is recorded once") {
    Fixture f;
    BatchBuilder builder;
    for (int i = 0; i < 25; ++i) builder.insert(f.table, {Value::int64(i), text("x")});
    f.source.script.push_back(builder.take());
    builder.insert(f.table, {Value::int64(99), text("x")}).commit();
    f.source.script.push_back(builder.take());
    f.run(100);
    REQUIRE(f.sink.calls.size() >= 2);
    CHECK(std::count(f.sink.calls.begin(), f.sink.calls.end(), "record 100") == 1);
    CHECK(f.sink.calls.back() == "record 100");
    CHECK(f.sink.calls[f.sink.calls.size() - 2] == "commit 100");
}

TEST_CASE("pipeline: what was read before the source failed is applied") {
    Fixture f;
    f.batch_of(2);
    f.source.end = Error(ErrorKind::transient, "source gone");
    CHECK_THROWS_WITH(f.run(), Catch::Contains("source gone"));
    CHECK(f.sink.calls == Calls{"commit 200", "record 200"});
}

TEST_CASE("pipeline: an idle position reaches the target before it is recorded") {
    Fixture f;
    BatchBuilder builder;
    f.source.script.push_back(builder.commit().take());
    f.options.idle_checkpoint_interval = std::chrono::milliseconds(1);
    f.run(100);
    CHECK(f.sink.calls == Calls{"store 100", "record 100"});
}

TEST_CASE("pipeline: an idle position is stored when the pipeline ends") {
    Fixture f;
    BatchBuilder builder;
    f.source.script.push_back(builder.commit().take());
    f.source.end = Error(ErrorKind::transient, "source gone");
    f.options.idle_checkpoint_interval = std::chrono::hours(1);
    CHECK_THROWS(f.run());
    CHECK(f.sink.calls == Calls{"store 100", "record 100"});
}

TEST_CASE("pipeline: nothing is lost or doubled between many small batches") {
    Fixture f;
    for (int i = 0; i < 200; ++i) f.batch_of(3, static_cast<std::uint64_t>(i) * 300);
    std::uint64_t applied = 0;
    f.sink.on_apply = [&](RecordingSink&, const WriteGroup& group) { applied += group.changes; };
    f.run(60'000);
    CHECK(applied == 600);
    CHECK(f.progress.oldest_unapplied_us == 0);
}

TEST_CASE("pipeline: the time of each group is counted once, however often it was tried") {
    Fixture f;
    f.batch_of(3);
    int failures = 2;
    f.sink.on_apply = [&](RecordingSink&, const WriteGroup&) {
        if (failures-- > 0) throw Error(ErrorKind::transient, "deadlock");
    };
    f.run(300);
    std::uint64_t groups = 0;
    for (const auto& count : f.progress.apply_latency.counts) groups += count;
    CHECK(groups == f.progress.applied_transactions);
    CHECK(f.retries == std::vector<std::string>{"deadlock", "deadlock"});
    // Two waits of at least half a millisecond each.
    CHECK(f.progress.apply_latency.sum_us >= 1000);
}

TEST_CASE("pipeline: a time stands in the first bucket whose bound it does not pass") {
    using namespace std::chrono_literals;
    ApplyLatency latency;
    for (const std::chrono::microseconds time :
         std::initializer_list<std::chrono::microseconds>{0us, 1ms, 1001us, 30s, 30'001ms}) {
        latency.add(time);
    }
    CHECK(latency.counts[0] == 2);
    CHECK(latency.counts[1] == 1);
    CHECK(latency.counts[10] == 1);
    CHECK(latency.counts[11] == 1);
    CHECK(latency.sum_us == 60'003'001);
}

TEST_CASE("pipeline: tables are bound anew behind a definition statement, once it was applied") {
    Fixture f;
    BatchBuilder builder;
    auto batch = builder.insert(f.table, {Value::int64(1), text("x")}).take();
    batch->definition = std::make_shared<Definition>();
    batch->changes.push_back({nullptr, nullptr, nullptr, ChangeKind::definition});
    f.source.script.push_back(std::move(batch));
    f.source.script.push_back(
        builder.insert(f.table, {Value::int64(2), text("x")}).commit().take());

    std::counting_semaphore<> bound{0};
    bool bound_early = false;
    f.on_bind = [&] { bound.release(); };
    f.sink.on_apply = [&](RecordingSink&, const WriteGroup& group) {
        bound.acquire();  // what this group was bound with
        if (!group.ends_with_definition()) return;
        CHECK(group.writes.size() == 2);
        bound_early = bound.try_acquire_for(std::chrono::milliseconds(50));
    };
    f.run(100);
    CHECK_FALSE(bound_early);
    CHECK(f.sink.calls.back() == "record 100");
}
