#include "test/bench/test_ground.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace dts::bench {

namespace fs = std::filesystem;

namespace {

constexpr unsigned updated_tables = 10;
constexpr unsigned rows_per_insert = 1000;

constexpr std::string_view columns =
    "(id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(64) NOT NULL, c DATETIME NOT NULL, "
    "d DECIMAL(10,2) NOT NULL) ENGINE=InnoDB";

/// The values of a row, from its id.
std::string row_values(std::string_view id) {
    return fmt::format(
        "{0}, {0} * 7, CONCAT(MD5({0}), '-', {0}), '2024-01-01' + INTERVAL {0} SECOND, {0} / 100",
        id);
}

std::string table_name(unsigned i) {
    return fmt::format("bench.updated_{}", i);
}

std::vector<std::string> server_args() {
    return {"--innodb-buffer-pool-size=512M", "--innodb-log-file-size=256M",
            "--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0", "--skip-slave-start"};
}

std::vector<std::string> target_args(const Options& options) {
    auto args = server_args();
    args.push_back(options.target_binlog ? "--log-slave-updates" : "--skip-log-bin");
    return args;
}

test::ServerOptions with_args(std::vector<std::string> args) {
    test::ServerOptions options;
    options.extra_args = std::move(args);
    return options;
}

}  // namespace

TestGround::TestGround(Options options)
    : options_(std::move(options)),
      source_(std::make_unique<test::MariadbServer>(with_args(server_args()))) {
    fill_tables();
    // A clean stop leaves a data directory that other servers can start with.
    source_->stop();
    const fs::path copy = folder_ / "data";
    test::run_program({"cp", "-a", source_->data_folder().string(), copy.string()});
    for (const auto& entry : fs::directory_iterator(copy)) {
        if (entry.path().filename().string().starts_with("mysql-bin")) fs::remove(entry.path());
    }
    source_->start();
}

std::string TestGround::server_settings(const Options& options) {
    return fmt::format("{}; targets: {}", fmt::join(server_args(), " "),
                       target_args(options).back());
}

void TestGround::fill_tables() {
    source_->run("CREATE DATABASE bench; USE bench");  // the sequence engine wants one
    for (unsigned i = 0; i < updated_tables; ++i) {
        source_->run(
            fmt::format("CREATE TABLE {0} {1}; INSERT INTO {0} SELECT {2} FROM seq_1_to_{3}",
                        table_name(i), columns, row_values("seq"), options_.rows_per_table));
    }
    source_->run(fmt::format("CREATE TABLE bench.inserted {}", columns));
    source_->run("CREATE TABLE bench.latency (id BIGINT PRIMARY KEY, a INT, b VARCHAR(64))");

    std::string updates;
    for (unsigned i = 0; i < updated_tables; ++i) {
        updates += fmt::format(
            "SET random_id = 1 + FLOOR(RAND() * {});"
            "UPDATE {} SET a = a + 1, b = CONCAT(MD5(a), '-', id), c = c + INTERVAL 1 DAY, "
            "d = d + 0.01 WHERE id = random_id;",
            options_.rows_per_table, table_name(i));
    }
    source_->run(
        fmt::format("CREATE PROCEDURE bench.make_updates(times INT) BEGIN "
                    "DECLARE i, random_id INT DEFAULT 0;"
                    "WHILE i < times DO SET i = i + 1; {} END WHILE; END",
                    updates));
    source_->run(
        fmt::format("CREATE PROCEDURE bench.make_inserts(times INT) BEGIN "
                    "DECLARE first_id INT DEFAULT 0; DECLARE i INT DEFAULT 0;"
                    "WHILE i < times DO INSERT INTO bench.inserted SELECT {} FROM seq_1_to_{};"
                    "SET first_id = first_id + {}, i = i + 1; END WHILE; END",
                    row_values("first_id + seq"), rows_per_insert, rows_per_insert));
}

Backlog TestGround::make_updates() {
    Backlog backlog;
    backlog.name = "updates";
    backlog.rows = options_.update_transactions;
    backlog.description = fmt::format("{} transactions, each updates one row; {} tables",
                                      options_.update_transactions, updated_tables);
    for (unsigned i = 0; i < updated_tables; ++i) backlog.tables.push_back(table_name(i));
    source_->run("FLUSH BINARY LOGS");
    backlog.from = source_->binlog_end();
    source_->run(
        fmt::format("CALL bench.make_updates({})", options_.update_transactions / updated_tables));
    backlog.end = source_->binlog_end();
    return backlog;
}

Backlog TestGround::make_inserts() {
    Backlog backlog;
    backlog.name = "inserts";
    backlog.rows = options_.inserted_rows;
    backlog.description = fmt::format("{} rows, inserted in transactions of {}; one table",
                                      options_.inserted_rows, rows_per_insert);
    backlog.tables = {"bench.inserted"};
    source_->run("FLUSH BINARY LOGS");
    backlog.from = source_->binlog_end();
    source_->run(
        fmt::format("CALL bench.make_inserts({})", options_.inserted_rows / rows_per_insert));
    backlog.end = source_->binlog_end();
    return backlog;
}

std::unique_ptr<test::DatabaseServer> TestGround::make_target() const {
    auto target = std::make_unique<test::MariadbServer>(with_args(target_args(options_)));
    target->stop();
    fs::remove_all(target->data_folder());
    test::run_program({"cp", "-a", (folder_ / "data").string(), target->data_folder().string()});
    target->start();
    for (unsigned i = 0; i < updated_tables; ++i) {
        target->scalar(fmt::format("SELECT SUM(a) FROM {}", table_name(i)));
    }
    return target;
}

test::TaskIni TestGround::task(const test::BinlogEnd& from,
                               const test::DatabaseServer* target) const {
    auto ini = test::TaskIni::mysql_cdc(*source_, target != nullptr ? *target : *source_, database);
    ini.set("extractor", "binlog_filename", from.file)
        .set("extractor", "binlog_position", std::to_string(from.position))
        .set("parallelizer", "parallel_size", "1");
    if (target != nullptr) {
        ini.set("pipeline", "exactly_once", "true");
    } else {
        ini.remove("sinker", "url").set("sinker", "sink_type", "dummy");
    }
    apply_settings(ini, options_.settings);
    return ini;
}

void TestGround::require_equal(const Backlog& backlog, test::DatabaseServer& target) {
    const std::string query =
        fmt::format("CHECKSUM TABLE {} EXTENDED", fmt::join(backlog.tables, ", "));
    auto left = source_->connect();
    auto right = target.connect();
    auto expected = left.query(query);
    auto found = right.query(query);
    while (const auto row = expected.next()) {
        const auto other = found.next();
        if (!other || row->is_null(1) || other->is_null(1) || (*row)[1] != (*other)[1]) {
            throw std::runtime_error(fmt::format("{}: source and target differ", row->text(0)));
        }
    }
}

}  // namespace dts::bench
