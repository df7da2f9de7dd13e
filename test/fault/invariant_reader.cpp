#include "test/fault/invariant_reader.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <memory>

#include "test/fault/load_tables.hpp"

namespace dts::test {

namespace {

/// Leaves most of the machine to what is tested.
constexpr std::chrono::milliseconds between_looks{15};

}  // namespace

InvariantReader::InvariantReader(const SqlServer& target)
    : target_(target), thread_([this](const std::stop_token& stop) { run(stop); }) {}

std::string InvariantReader::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return broken_;
}

void InvariantReader::run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    std::unique_ptr<SqlSession> session;
    while (!stop.stop_requested()) {
        try {
            if (!session) session = load_session(target_);
            look(*session);
        } catch (const Error& error) {
            session.reset();  // the target is restarted by the test
            if (error.kind() != ErrorKind::transient) note(error.what());
        }
        wake.wait_for(lock, stop, between_looks, [] { return false; });
    }
}

void InvariantReader::look(SqlSession& session) {
    session.begin_snapshot();
    const auto number = [&](const char* sql) {
        return std::stoll(session.scalar(sql).value_or("0"));
    };
    const auto accounts = number("SELECT COUNT(*) FROM accounts_a");
    const auto in_a = number("SELECT SUM(balance) FROM accounts_a");
    const auto in_b = number("SELECT SUM(balance) FROM accounts_b");
    const auto entries = number("SELECT COUNT(*) FROM ledger");
    const auto counted = number("SELECT SUM(entries) FROM ledger_totals");
    session.execute("COMMIT");

    if (accounts == 0 && !is_open_) return;  // not yet
    is_open_ = true;
    ++looks_;
    if (accounts != bank::accounts || in_a + in_b != bank::total) {
        note(fmt::format("{} accounts of {}; {} + {} is not {}", accounts, bank::accounts, in_a,
                         in_b, bank::total));
    }
    if (entries != counted) {
        note(fmt::format("the ledger has {} entries, its counters say {}", entries, counted));
    }
}

void InvariantReader::note(std::string text) {
    const std::lock_guard lock(broken_mutex_);
    if (broken_.empty()) broken_ = std::move(text);
}

}  // namespace dts::test
