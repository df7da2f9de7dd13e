#include "test/fault/mixed_load.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "test/fault/load_tables.hpp"

namespace dts::test {

namespace {

using Clock = std::chrono::steady_clock;

/// Executes it unless the row is there already.
void try_execute(MysqlConnection& connection, const std::string& sql) {
    constexpr unsigned duplicate_key = 1062;
    try {
        connection.execute(sql);
    } catch (const Error&) {
        if (mysql_errno(connection.handle()) != duplicate_key) throw;
    }
}

void begin_session(MysqlConnection& connection) {
    connection.execute(fmt::format("USE {}", load_database));
    // A writer that waits for another's rows gives up soon, and rolls back.
    connection.execute("SET innodb_lock_wait_timeout = 2");
}

}  // namespace

MixedLoad::MixedLoad(const DatabaseServer& source, const Chance& chance, Options options)
    : endpoint_(source.endpoint()), options_(options) {
    MysqlConnection connection(endpoint_);
    begin_session(connection);
    connection.execute("BEGIN");
    for (const auto& sql : bank::opening(options_.writers)) connection.execute(sql);
    connection.execute("COMMIT");
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
    std::optional<MysqlConnection> connection;
    auto due = Clock::now();
    while (!stop.stop_requested()) {
        try {
            if (!connection) {
                connection.emplace(endpoint_);
                begin_session(*connection);
            }
            write_one(*connection, writer, chance);
        } catch (const Error& error) {
            // A deadlock, or the source went away; anything else is a fault of the test itself.
            ++rolled_back_;
            connection.reset();
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

void MixedLoad::write_one(MysqlConnection& connection, unsigned writer, Chance& chance) {
    connection.execute("BEGIN");
    if (chance.one_in(options_.large_one_in)) {
        const int rows = chance.between(100, options_.most_rows);
        for (const auto& sql : large_change(chance, rows)) try_execute(connection, sql);
    } else {
        for (int changes = chance.between(0, 6); changes > 0; --changes) {
            for (const auto& sql : random_change(chance)) try_execute(connection, sql);
        }
    }
    if (chance.one_in(2)) {
        for (const auto& sql : bank::transfer(chance, writer, committed_)) connection.execute(sql);
    }
    const bool give_up = chance.one_in(12);
    connection.execute(give_up ? "ROLLBACK" : "COMMIT");
    ++(give_up ? rolled_back_ : committed_);
}

}  // namespace dts::test
