#include "test/fault/await.hpp"

#include <fmt/format.h>
#include <sys/syscall.h>

#include <poll.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace dts::test {

void wait_for_sql(SqlServer& server, const std::string& query, WorkerProcess* worker,
                  std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (server.scalar(query) != "1") {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error(fmt::format("in vain: {}\n{}", query,
                                                 worker ? worker->default_log() : std::string()));
        }
        if (worker != nullptr) {
            expect_running_for(*worker, std::chrono::milliseconds(2));
        } else {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
}

std::string rows_inserted_from_now(SqlServer& server, std::uint64_t rows) {
    if (server.kind() == SqlKind::postgres) {
        const auto end = server.scalar("SELECT pg_current_wal_insert_lsn()");
        return fmt::format("SELECT (pg_current_wal_insert_lsn() - '{}' > {})::int", end,
                           100 * rows);
    }
    constexpr const char* inserted =
        "FROM information_schema.global_status WHERE variable_name = 'HANDLER_WRITE'";
    const auto now = std::stoull(server.scalar(fmt::format("SELECT variable_value {}", inserted)));
    return fmt::format("SELECT variable_value >= {} {}", now + rows, inserted);
}

void expect_running_for(WorkerProcess& worker, std::chrono::milliseconds time) {
    pollfd end{static_cast<int>(syscall(SYS_pidfd_open, worker.pid(), 0)), POLLIN, 0};
    const int ended = end.fd < 0 ? 1 : poll(&end, 1, static_cast<int>(time.count()));
    if (end.fd >= 0) close(end.fd);
    if (ended == 0) return;
    const auto outcome = worker.wait_for_exit();
    throw std::runtime_error(fmt::format("the worker ended by itself, with {}:\n{}\n{}",
                                         outcome.status.text(), outcome.output,
                                         worker.default_log()));
}

}  // namespace dts::test
