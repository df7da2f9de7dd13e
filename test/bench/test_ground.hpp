// The source of a benchmark, its tables and backlogs, and targets that start with the same tables.
// Every server of a run is configured alike.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "test/bench/bench_options.hpp"
#include "test/servers/mariadb_server.hpp"
#include "test/servers/task_ini.hpp"

namespace dts::bench {

/// A stretch of the source's binlog.
struct Backlog {
    std::string name;
    std::string description;
    unsigned rows = 0;
    test::BinlogEnd from;
    test::BinlogEnd end;
    std::vector<std::string> tables;  ///< that it changes
};

class TestGround {
  public:
    static constexpr std::string_view database = "bench";

    /// Starts the source, and fills its tables.
    explicit TestGround(Options options);

    const Options& options() const noexcept { return options_; }
    test::DatabaseServer& source() noexcept { return *source_; }
    /// What all servers are started with, on top of what test servers always are.
    static std::string server_settings(const Options& options);

    /// Each may be made once, and the end of the newest is the end of the source's binlog.
    Backlog make_updates();
    Backlog make_inserts();

    /// A server with the tables as they were before any backlog, all pages in memory.
    std::unique_ptr<test::DatabaseServer> make_target() const;

    /// A task from `from` on, with the options' settings; to a target, or nowhere.
    test::TaskIni task(const test::BinlogEnd& from, const test::DatabaseServer* target) const;

    /// Throws when a table that the backlog changed does not hold the same on both.
    void require_equal(const Backlog& backlog, test::DatabaseServer& target);

  private:
    void fill_tables();

    Options options_;
    test::TempFolder folder_{"bench"};
    std::unique_ptr<test::MariadbServer> source_;
};

}  // namespace dts::bench
