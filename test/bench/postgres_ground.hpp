// The Postgres source of a benchmark, its tables and backlogs, and targets that start with the same
// tables. Every server of a run is configured alike.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "test/bench/bench_options.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/task_ini.hpp"

namespace dts::bench {

/// A stretch of the source's log. Its last transaction is a row of bench.mark: whoever shows that
/// has applied everything.
struct WalBacklog {
    std::string name;
    std::string description;
    unsigned rows = 0;
    std::string slot;    ///< stands before it; each run reads through a copy
    std::string end;     ///< LSN: everything but the mark lies before it
    unsigned mark = 0;   ///< id of the row in bench.mark
    std::string behind;  ///< LSN: behind the mark
};

/// A slot of one run, dropped with it.
class RunSlot {
  public:
    static constexpr const char* name = "dts_test";  ///< TaskIni::postgres_cdc's

    RunSlot(test::PostgresServer& source, const std::string& copied_from);
    ~RunSlot();
    RunSlot(const RunSlot&) = delete;
    RunSlot& operator=(const RunSlot&) = delete;

  private:
    test::PostgresServer& source_;
};

class PostgresGround {
  public:
    static constexpr const char* publication = "dts_test_publication_for_all_tables";

    /// Starts the source, and fills its tables.
    explicit PostgresGround(Options options);

    const Options& options() const noexcept { return options_; }
    test::PostgresServer& source() noexcept { return *source_; }
    static std::string server_settings();

    /// "one": updates of one row each; "ten": ten mixed changes a transaction; "thousand": inserts
    /// of 1,000 rows; "million": one transaction. Each is made once.
    WalBacklog make_backlog(const std::string& name);
    void drop(const WalBacklog& backlog);

    /// A server with the tables as they were before any backlog, all pages in memory.
    std::unique_ptr<test::PostgresServer> make_target() const;

    /// A task through RunSlot, with the options' settings; to a target, or nowhere.
    test::TaskIni task(const test::PostgresServer* target) const;

    /// Waits until the target shows the backlog's mark.
    /// Asks between looks whether there is still somebody who applies it.
    static void wait_for_mark(test::PostgresServer& target, const WalBacklog& backlog,
                              const std::function<void()>& require_applier);
    /// Makes this target what the source was before the backlog, without the time it takes to count
    /// for anybody: a target starts from the newest state that was taken.
    void take_state();
    /// Throws when the tables do not hold the same on both.
    void require_equal(test::PostgresServer& target);
    /// The process that sends through RunSlot.
    pid_t walsender();

  private:
    void fill_tables();

    Options options_;
    test::TempFolder folder_{"bench"};
    std::unique_ptr<test::PostgresServer> source_;
    unsigned marks_ = 0;
};

}  // namespace dts::bench
