#include "test/bench/postgres_ground.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "test/servers/child_process.hpp"

namespace dts::bench {

namespace fs = std::filesystem;

namespace {

constexpr unsigned updated_tables = 10;
constexpr unsigned rows_per_insert = 1000;

constexpr std::string_view columns =
    "(id int PRIMARY KEY, a int NOT NULL, b varchar(64) NOT NULL, c timestamp NOT NULL, "
    "d numeric(10,2) NOT NULL)";

/// The values of a row, from its id.
std::string row_values(std::string_view id) {
    return fmt::format(
        "{0}, {0} % 300000000 * 7, md5(({0})::text) || '-' || {0}, timestamp '2024-01-01' + "
        "interval '1 second' * ({0}), ({0}) / 100.0",
        id);
}

std::string table_name(unsigned i) {
    return fmt::format("bench.updated_{}", i);
}

std::vector<std::string> settings() {
    return {"shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=1h", "autovacuum=off"};
}

void make_procedures(test::PostgresServer& source, unsigned rows_per_table) {
    // COMMIT inside of a procedure: each row is a transaction.
    source.run(fmt::format(
        "CREATE PROCEDURE bench.make_one(times int) LANGUAGE plpgsql AS $$ BEGIN "
        "FOR i IN 1..times LOOP EXECUTE format('UPDATE bench.updated_%s SET a=a+1, b=md5(a::text) "
        "|| ''-'' || id, c=c+interval ''1 day'', d=d+0.01 WHERE id=$1', i % {}) USING "
        "(1+floor(random()*{}))::int; COMMIT; END LOOP; END $$",
        updated_tables, rows_per_table));
    source.run(fmt::format(
        "CREATE PROCEDURE bench.make_ten(times int) LANGUAGE plpgsql AS $$ "
        "DECLARE t text; r int; BEGIN FOR i IN 1..times LOOP "
        "t := 'bench.updated_' || i % {0}; r := (1+floor(random()*({1}-10)))::int; "
        "EXECUTE format('UPDATE %s SET a=a+1, d=d+0.01 WHERE id BETWEEN $1 AND $1+4', t) USING r; "
        "INSERT INTO bench.mixed SELECT {2} FROM generate_series(i*3, i*3+2) s; "
        "DELETE FROM bench.mixed WHERE id IN (i*3-4, i*3-5); COMMIT; END LOOP; END $$",
        updated_tables, rows_per_table, row_values("s")));
    source.run(
        fmt::format("CREATE PROCEDURE bench.make_thousand(times int) LANGUAGE plpgsql AS $$ BEGIN "
                    "FOR i IN 1..times LOOP INSERT INTO bench.inserted SELECT {} FROM "
                    "generate_series(i*{}, i*{}+{}) s; COMMIT; END LOOP; END $$",
                    row_values("s"), rows_per_insert, rows_per_insert, rows_per_insert - 1));
}

}  // namespace

RunSlot::RunSlot(test::PostgresServer& source, const std::string& copied_from) : source_(source) {
    source_.run(
        fmt::format("SELECT pg_copy_logical_replication_slot('{}', '{}')", copied_from, name));
}

/// The process that used it may take a moment to end.
RunSlot::~RunSlot() {
    for (int attempt = 0; attempt < 1000; ++attempt) {
        try {
            source_.run(fmt::format("SELECT pg_drop_replication_slot('{}')", name));
            return;
        } catch (const Error&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
}

PostgresGround::PostgresGround(Options options)
    : options_(std::move(options)), source_(std::make_unique<test::PostgresServer>(settings())) {
    fs::permissions(folder_.path(),
                    fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
    fill_tables();
    take_state();
}

std::string PostgresGround::server_settings() {
    return fmt::format("fsync=off, {}", fmt::join(settings(), ", "));
}

void PostgresGround::fill_tables() {
    source_->run("CREATE SCHEMA bench");
    for (unsigned i = 0; i < updated_tables; ++i) {
        source_->run(
            fmt::format("CREATE TABLE {0} {1}; INSERT INTO {0} SELECT {2} FROM "
                        "generate_series(1, {3}) s",
                        table_name(i), columns, row_values("s"), options_.rows_per_table));
    }
    for (const char* table : {"mixed", "inserted", "large"})
        source_->run(fmt::format("CREATE TABLE bench.{} {}", table, columns));
    source_->run("CREATE TABLE bench.latency (id bigint PRIMARY KEY, a int, b varchar(64))");
    source_->run("CREATE TABLE bench.mark (id int PRIMARY KEY)");
    make_procedures(*source_, options_.rows_per_table);
    source_->run(fmt::format("CREATE PUBLICATION {} FOR ALL TABLES", publication));
    source_->run("VACUUM ANALYZE");
}

/// A clean stop leaves a data directory that other servers can start with.
void PostgresGround::take_state() {
    const fs::path copy = folder_ / "data";
    fs::remove_all(copy);
    source_->stop();
    test::run_program({"cp", "-a", source_->data_folder().string(), copy.string()});
    for (const auto& entry : fs::directory_iterator(copy / "pg_replslot"))
        fs::remove_all(entry.path());
    source_->start();
}

WalBacklog PostgresGround::make_backlog(const std::string& name) {
    WalBacklog backlog;
    backlog.name = name;
    backlog.slot = "backlog_" + name;
    backlog.mark = ++marks_;
    std::string statement;
    const unsigned inserted = options_.inserted_rows;
    if (name == "one") {
        backlog.rows = options_.update_transactions;
        backlog.description = fmt::format("{} transactions, each updates one row; {} tables",
                                          backlog.rows, updated_tables);
        statement = fmt::format("CALL bench.make_one({})", backlog.rows);
    } else if (name == "ten") {
        const unsigned transactions = options_.update_transactions / 8;
        backlog.rows = transactions * 10;
        backlog.description = fmt::format("{} transactions of 10 changes of all kinds; {} tables",
                                          transactions, updated_tables + 1);
        statement = fmt::format("CALL bench.make_ten({})", transactions);
    } else if (name == "thousand") {
        backlog.rows = inserted;
        backlog.description = fmt::format("{} rows, inserted in transactions of {}; one table",
                                          inserted, rows_per_insert);
        statement = fmt::format("CALL bench.make_thousand({})", inserted / rows_per_insert);
    } else if (name == "million") {
        backlog.rows = inserted;
        backlog.description = fmt::format("{} rows, inserted in one transaction", inserted);
        statement = fmt::format("INSERT INTO bench.large SELECT {} FROM generate_series(1, {}) s",
                                row_values("s"), inserted);
    } else {
        throw std::runtime_error("no backlog is called " + name);
    }
    source_->run(
        fmt::format("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", backlog.slot));
    // Nothing is known of tables that were empty a moment ago.
    source_->run("SET enable_seqscan=off");
    source_->run(statement);
    backlog.end = source_->scalar("SELECT pg_current_wal_insert_lsn()");
    source_->run(fmt::format("INSERT INTO bench.mark VALUES ({})", backlog.mark));
    backlog.behind = source_->wal_end();
    return backlog;
}

void PostgresGround::drop(const WalBacklog& backlog) {
    source_->run(fmt::format("SELECT pg_drop_replication_slot('{}')", backlog.slot));
    take_state();
}

std::unique_ptr<test::PostgresServer> PostgresGround::make_target() const {
    auto target = std::make_unique<test::PostgresServer>(settings());
    target->stop();
    fs::remove_all(target->data_folder());
    test::run_program({"cp", "-a", (folder_ / "data").string(), target->data_folder().string()});
    target->start();
    for (unsigned i = 0; i < updated_tables; ++i) {
        target->scalar(fmt::format("SELECT sum(a) FROM {}", table_name(i)));
        target->scalar(fmt::format("SET enable_seqscan=off; SELECT count(*) FROM {} WHERE id>0",
                                   table_name(i)));
    }
    target->run("CHECKPOINT");
    return target;
}

test::TaskIni PostgresGround::task(const test::PostgresServer* target) const {
    auto ini =
        test::TaskIni::postgres_cdc(*source_, target != nullptr ? *target : *source_, "bench");
    ini.set("parallelizer", "parallel_size", "1");
    if (target != nullptr) {
        ini.set("pipeline", "exactly_once", "true");
    } else {
        ini.remove("sinker", "url").set("sinker", "sink_type", "dummy");
    }
    apply_settings(ini, options_.settings);
    return ini;
}

void PostgresGround::wait_for_mark(test::PostgresServer& target, const WalBacklog& backlog,
                                   const std::function<void()>& require_applier) {
    const auto session = target.session();
    const auto query = fmt::format("SELECT 1 FROM bench.mark WHERE id={}", backlog.mark);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(10);
    while (!session->scalar(query)) {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("the backlog was not applied within 10 minutes");
        require_applier();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void PostgresGround::require_equal(test::PostgresServer& target) {
    std::vector<std::string> tables = {"bench.mixed", "bench.inserted", "bench.large"};
    for (unsigned i = 0; i < updated_tables; ++i) tables.push_back(table_name(i));
    for (const auto& table : tables) {
        const auto query = fmt::format(
            "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {} t",
            table);
        if (source_->scalar(query) != target.scalar(query))
            throw std::runtime_error(fmt::format("{}: source and target differ", table));
    }
}

pid_t PostgresGround::walsender() {
    for (int attempt = 0; attempt < 5000; ++attempt) {
        const auto pid = source_->scalar(fmt::format(
            "SELECT active_pid FROM pg_replication_slots WHERE slot_name='{}'", RunSlot::name));
        if (!pid.empty()) return std::stoi(pid);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    throw std::runtime_error("nobody reads through the slot");
}

}  // namespace dts::bench
