#include "lib/pipeline/liveness.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <latch>
#include <semaphore>
#include <thread>

#include "test/unit/pipeline/fakes.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// Two looks are needed to see that something has not changed.
bool is_alive(Liveness& liveness, const Progress& progress) {
    liveness.look(progress);
    return liveness.look(progress);
}

/// What stands still stays so; a thread that was met between two of its waits has gone on soon.
bool comes_alive(Liveness& liveness, const Progress& progress) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_alive(liveness, progress)) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Holds the first that comes, in our own code, until it is let go.
struct Hang {
    std::latch entered{1};
    std::counting_semaphore<> released{0};
    std::atomic<bool> is_used{false};
    void operator()() {
        if (is_used.exchange(true)) return;
        entered.count_down();
        released.acquire();
    }
};

/// A pipeline in threads of its own, stopped at the end of the test.
struct Running {
    const TableSchemaPtr table = std::make_shared<TableSchema>(make_table("t", {"a"}));
    ScriptedSource source;
    RecordingSink sink;
    Progress progress;
    Liveness liveness;
    Pipeline::Options options;
    Hang hang;
    std::counting_semaphore<> applied{0};
    std::unique_ptr<Pipeline> pipeline;
    std::jthread thread;

    void batch_of(int transactions) {
        BatchBuilder builder;
        for (int i = 0; i < transactions; ++i) {
            builder.insert(table, {Value::int64(i), text("x")}).commit();
        }
        source.script.push_back(builder.take());
    }
    void start() {
        GroupPlanner planner([](const TableSchemaPtr& s) { return bind_tables(s, s, {}); }, {});
        Pipeline::Events events;
        events.on_applied = [this](PositionPtr, PositionPtr) { applied.release(); };
        events.on_note = [](const std::string&) {};
        pipeline = std::make_unique<Pipeline>(source, sink, std::move(planner), options,
                                              std::move(events), progress);
        thread = std::jthread([this] {
            try {
                pipeline->run();
            } catch (const Error&) {  // the one that a test throws
            }
        });
    }
    ~Running() {
        hang.released.release();
        if (pipeline) pipeline->stop();
    }
    /// Until each thread does this.
    void await(Doing reader, Doing encoder, Doing writer) const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (progress.reader.look().doing != reader || progress.encoder.look().doing != encoder ||
               progress.writer.look().doing != writer) {
            if (std::chrono::steady_clock::now() > deadline) {
                throw std::runtime_error("the pipeline did not come to it");
            }
            std::this_thread::yield();
        }
    }
};

}  // namespace

TEST_CASE("liveness: a pipeline whose source has nothing more is alive") {
    Running r;
    r.batch_of(2);
    r.start();
    r.applied.acquire();
    r.await(Doing::outside, Doing::for_input, Doing::for_input);
    CHECK(comes_alive(r.liveness, r.progress));
    CHECK(r.liveness.look(r.progress));
    CHECK(r.progress.batches.on == 1);
    CHECK(r.progress.batches.taken == 1);
    CHECK(r.progress.groups.on == r.progress.groups.taken);
}

TEST_CASE("liveness: a sink that hangs in our own code is found, and forgiven when it goes on") {
    Running r;
    r.sink.on_apply = [&](RecordingSink&, const WriteGroup&) { r.hang(); };
    r.batch_of(1);
    r.start();
    r.hang.entered.wait();
    CHECK_FALSE(is_alive(r.liveness, r.progress));
    CHECK_FALSE(r.liveness.look(r.progress));
    r.hang.released.release();
    r.applied.acquire();
    r.await(Doing::outside, Doing::for_input, Doing::for_input);
    CHECK(comes_alive(r.liveness, r.progress));
}

TEST_CASE("liveness: a sink that waits for its server is alive, and whoever waits for it") {
    Running r;
    r.options.queue_bytes = 1;
    r.options.queue_changes = 1;
    r.options.limits.changes = 1;
    r.sink.on_apply = [&](RecordingSink&, const WriteGroup&) {
        const While asking(Doing::outside);
        r.hang();
    };
    for (int i = 0; i < 8; ++i) r.batch_of(1);
    r.start();
    r.hang.entered.wait();
    r.await(Doing::for_output, Doing::for_output, Doing::outside);
    CHECK(comes_alive(r.liveness, r.progress));
}

TEST_CASE("liveness: an encoder that hangs is found though its source still waits for a server") {
    Running r;
    r.sink.on_encode = [&](const WriteGroup&) { r.hang(); };
    r.batch_of(1);
    r.start();
    r.hang.entered.wait();
    r.await(Doing::outside, Doing::working, Doing::for_input);
    CHECK_FALSE(is_alive(r.liveness, r.progress));
    r.hang.released.release();
    r.applied.acquire();
}

TEST_CASE("liveness: a source that spins in our own code is found") {
    std::atomic<bool> spins{true};
    std::latch entered(1);
    Running r;
    r.source.before_next = [&, first = true]() mutable {
        if (!std::exchange(first, false)) return;
        entered.count_down();
        while (spins) std::this_thread::yield();
    };
    r.start();
    entered.wait();
    r.await(Doing::working, Doing::for_input, Doing::for_input);
    CHECK_FALSE(is_alive(r.liveness, r.progress));
    spins = false;
    r.await(Doing::outside, Doing::for_input, Doing::for_input);
    CHECK(comes_alive(r.liveness, r.progress));
}

TEST_CASE("liveness: a wait before the next try is alive, and so is a task without a pipeline") {
    Running r;
    r.options.first_retry_delay = std::chrono::minutes(10);
    r.sink.on_apply = [&](RecordingSink&, const WriteGroup&) {
        throw Error(ErrorKind::transient, "deadlock");
    };
    r.batch_of(1);
    CHECK(comes_alive(r.liveness, r.progress));
    r.start();
    r.await(Doing::outside, Doing::for_input, Doing::outside);
    CHECK(comes_alive(r.liveness, r.progress));
}

TEST_CASE("liveness: a thread that waits for what is there already is found") {
    Progress progress;
    Liveness liveness;
    progress.reader.set(Doing::outside);
    progress.encoder.set(Doing::for_input);
    progress.writer.set(Doing::for_input);
    progress.batches.on = progress.batches.taken = 7;
    CHECK(comes_alive(liveness, progress));
    ++progress.batches.on;
    // It may have come just now.
    CHECK(liveness.look(progress));
    CHECK_FALSE(liveness.look(progress));
    ++progress.batches.taken;
    CHECK(liveness.look(progress));
    ++progress.groups.on;
    CHECK(liveness.look(progress));
    CHECK_FALSE(liveness.look(progress));
}

TEST_CASE("liveness: two threads that wait for each other are found") {
    const auto alive = [](Doing reader, Doing encoder, Doing writer) {
        Progress progress;
        progress.reader.set(reader);
        progress.encoder.set(encoder);
        progress.writer.set(writer);
        Liveness liveness;
        return is_alive(liveness, progress);
    };
    using enum Doing;
    CHECK_FALSE(alive(for_output, for_input, for_input));
    CHECK_FALSE(alive(outside, for_output, for_input));
    CHECK_FALSE(alive(for_output, for_output, for_input));
    CHECK_FALSE(alive(gone, for_input, for_input));  // the end of the input was not told
    CHECK_FALSE(alive(outside, gone, for_input));
    CHECK_FALSE(alive(outside, for_output, gone));  // the end of the output was not told
    CHECK_FALSE(alive(for_output, gone, gone));
    CHECK(alive(outside, for_input, for_input));
    CHECK(alive(for_output, outside, for_input));  // asks the target for a table
    CHECK(alive(for_output, for_output, outside));
    CHECK(alive(gone, gone, outside));
    CHECK(alive(gone, gone, gone));
    CHECK_FALSE(alive(gone, gone, working));
}
