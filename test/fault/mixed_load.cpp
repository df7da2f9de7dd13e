#include "test/fault/mixed_load.hpp"

#include <fmt/format.h>

namespace dts::test {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

MixedLoad::MixedLoad(const SqlServer& source, const Chance& chance, Options options)
    : source_(source), tables_(load_tables(source)), options_(options) {
    const auto session = load_session(source_);
    session->execute("BEGIN");
    for (const auto& sql : bank::opening(options_.writers)) session->execute(sql);
    session->execute("COMMIT");
    for (unsigned writer = 0; writer < options_.writers; ++writer) {
        writers_.emplace_back([this, writer, own = Chance(chance, writer)](
                                  const std::stop_token& stop) { write(stop, writer, own); });
    }
}

MixedLoad::~MixedLoad() {
    for (auto& writer : writers_) writer.request_stop();
}

void MixedLoad::stop() {
    for (auto& writer : writers_) writer.request_stop();
    writers_.clear();
    if (failure_) std::rethrow_exception(failure_);
}

void MixedLoad::write(const std::stop_token& stop, unsigned writer, Chance chance) {
    const auto pace = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(options_.writers / double(options_.transactions_per_second)));
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    std::unique_ptr<SqlSession> session;
    auto due = Clock::now();
    while (!stop.stop_requested()) {
        try {
            if (!session) session = load_session(source_);
            write_one(*session, writer, chance);
        } catch (const Error& error) {
            // A deadlock, or the source went away; anything else is a fault of the test itself.
            ++rolled_back_;
            session.reset();
            if (error.kind() != ErrorKind::transient) {
                const std::lock_guard failing(failure_mutex_);
                failure_ = std::current_exception();
                return;
            }
        }
        // What was not done in time is left out, not made up for.
        due = std::max(due + pace, Clock::now());
        wake.wait_until(lock, stop, due, [] { return false; });
    }
}

void MixedLoad::write_one(SqlSession& session, unsigned writer, Chance& chance) {
    session.execute("BEGIN");
    if (chance.one_in(options_.large_one_in)) {
        const int rows = chance.between(100, options_.most_rows);
        for (const auto& sql : tables_.large_change(chance, rows)) session.try_execute(sql);
    } else {
        for (int changes = chance.between(0, 6); changes > 0; --changes) {
            for (const auto& sql : tables_.random_change(chance)) session.try_execute(sql);
        }
    }
    if (chance.one_in(2)) {
        for (const auto& sql : bank::transfer(chance, writer, committed_)) session.execute(sql);
    }
    const bool give_up = chance.one_in(12);
    session.execute(give_up ? "ROLLBACK" : "COMMIT");
    ++(give_up ? rolled_back_ : committed_);
}

}  // namespace dts::test
