// Waiting where there is no file to watch.
#pragma once

#include <chrono>
#include <string>

#include "test/servers/database_server.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

/// Asks the server until the query gives 1. Throws when the time is up, or the worker (may be null)
/// has ended.
void wait_for_sql(SqlServer& server, const std::string& query, WorkerProcess* worker = nullptr,
                  std::chrono::milliseconds timeout = std::chrono::seconds(60));

/// A query for wait_for_sql(): gives 1 once that many more rows than now were inserted into a
/// MariaDB or Postgres server, committed or not; Postgres counts as one what takes 100 bytes of its
/// log. (information_schema.innodb_trx is no such query: InnoDB does not look anew for those who
/// ask it often.)
std::string rows_inserted_from_now(SqlServer& server, std::uint64_t rows);

/// Waits that long. Throws, with what the worker wrote, when it ends meanwhile.
void expect_running_for(WorkerProcess& worker, std::chrono::milliseconds time);

}  // namespace dts::test
