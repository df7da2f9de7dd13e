// A source of one kind of database and a target of the other, with a folder for the workers between
// them. The schema (MySQL: database) of the tests is s.
#pragma once

#include <type_traits>

#include "test/servers/database_server.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/task_ini.hpp"
#include "test/servers/temp_folder.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

template <typename Source, typename Target>
struct CrossGround {
    static constexpr bool from_postgres = std::is_same_v<Source, PostgresServer>;

    TempFolder folder{"task"};
    Source source{};
    Target target{};

    PostgresServer& postgres() {
        if constexpr (from_postgres) {
            return source;
        } else {
            return target;
        }
    }

    /// And sessions in which times are UTC, text is UTF-8, and dates need not exist.
    void make_schemas() {
        for (SqlServer* server :
             {static_cast<SqlServer*>(&source), static_cast<SqlServer*>(&target)}) {
            if (server->kind() == SqlKind::postgres) {
                server->run("CREATE SCHEMA s; SET TimeZone='UTC'");
            } else {
                server->run(
                    "CREATE DATABASE s CHARACTER SET utf8mb4; SET time_zone='+00:00', "
                    "sql_mode='STRICT_ALL_TABLES,ALLOW_INVALID_DATES', NAMES utf8mb4");
            }
        }
    }

    TaskIni ini() const {
        if constexpr (from_postgres) {
            return TaskIni::postgres_cdc(source, target, "s");
        } else {
            return TaskIni::mysql_cdc(source, target, "s");
        }
    }

    void wait_until_streaming(WorkerProcess& worker) {
        worker.wait_for_line(from_postgres ? "PgCdcExtractor starts" : "MysqlCdcExtractor starts");
    }

    /// All that the source has now is in the target.
    void wait_until_applied(WorkerProcess& worker) {
        if constexpr (from_postgres) {
            worker.wait_for_checkpoint(source.wal_end());
        } else {
            worker.wait_for_checkpoint(source.binlog_end());
        }
    }
};

}  // namespace dts::test
