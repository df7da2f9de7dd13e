// What a MariaDB server really sends in the rare cases, read by the source alone.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <set>

#include "lib/position/mysql_position.hpp"
#include "lib/source/mysql/mysql_cdc_source.hpp"
#include "test/servers/mariadb_server.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

MysqlCdcOptions options_for(const DatabaseServer& server, bool gtid) {
    MysqlCdcOptions options;
    options.endpoint = server.endpoint();
    options.server_id = 4711;
    options.gtid_enabled = gtid;
    options.selector = [](std::string_view schema, std::string_view) { return schema == "d"; };
    options.batch_changes = 1000;
    return options;
}

/// The ids of the first column that a target would hold, had it applied every batch until the
/// position reaches the end; and what came on the way.
struct Reading {
    std::multiset<std::int64_t> ids;
    std::size_t largest_batch = 0;
    std::size_t batches = 0;
    int voided = 0;
    std::shared_ptr<const MysqlPosition> last;

    Reading(MysqlCdcSource& source, const BinlogEnd& end) {
        std::vector<std::int64_t> open;
        while (!last || last->binlog_filename != end.file ||
               last->next_event_position < end.position) {
            const auto batch = source.next();
            REQUIRE(batch);
            ++batches;
            largest_batch = std::max(largest_batch, batch->bytes());
            if (batch->voids_open_transaction) {
                open.clear();
                ++voided;
            }
            std::size_t change = 0;
            for (std::size_t mark = 0; mark < batch->commits.size(); ++mark) {
                for (; change < batch->commits[mark].change_end; ++change)
                    open.push_back(batch->changes[change].after[0].as_int64());
                ids.insert(open.begin(), open.end());
                open.clear();
                last = std::dynamic_pointer_cast<const MysqlPosition>(
                    batch->trail->after_commit(mark));
            }
            for (; change < batch->changes.size(); ++change)
                open.push_back(batch->changes[change].after[0].as_int64());
        }
        CHECK(open.empty());
    }
};

std::multiset<std::int64_t> ids_in(DatabaseServer& server) {
    std::multiset<std::int64_t> ids;
    auto connection = server.connect();
    auto result = connection.query("SELECT id FROM d.t");
    while (auto row = result.next()) ids.insert(static_cast<std::int64_t>(row->number(0)));
    return ids;
}

std::string insert_rows(int first, int count) {
    return fmt::format("INSERT INTO d.t SELECT seq, 'x' FROM d_seq.seq_{}_to_{}; ", first,
                       first + count - 1);
}

/// A server with d.t, and a schema to ask its SEQUENCE engine in.
struct Ground {
    MariadbServer server;
    explicit Ground(const ServerOptions& options = {}) : server(options) {
        server.run(
            "CREATE DATABASE d; CREATE DATABASE d_seq; "
            "CREATE TABLE d.t (id INT PRIMARY KEY, v LONGTEXT) ENGINE=InnoDB");
    }
    PositionPtr end(bool gtid) const {
        return MysqlCdcSource(options_for(server, gtid)).current_end();
    }
};

ErrorKind kind_of_error(const std::function<void()>& action, std::string* text = nullptr) {
    try {
        action();
    } catch (const Error& error) {
        if (text != nullptr) *text = error.what();
        return error.kind();
    }
    FAIL("no error");
    return {};
}

}  // namespace

TEST_CASE("source stream: a large transaction rolled back beside a temporary table is passed") {
    Ground ground;
    auto& server = ground.server;
    for (const bool gtid : {false, true}) {
        CAPTURE(gtid);
        server.run("DELETE FROM d.t");
        const auto start = ground.end(gtid);
        server.run("INSERT INTO d.t VALUES (1, 'x'); BEGIN; CREATE TEMPORARY TABLE d.x (a INT); " +
                   insert_rows(100, 30'000) +
                   "ROLLBACK; DROP TEMPORARY TABLE IF EXISTS d.x; INSERT INTO d.t VALUES (2, 'x')");
        MysqlCdcSource source(options_for(server, gtid));
        source.open(start);
        const Reading reading(source, server.binlog_end());
        CHECK(reading.ids == ids_in(server));
        CHECK(reading.ids == std::multiset<std::int64_t>{1, 2});
        CHECK(reading.voided == 1);
    }
}

TEST_CASE("source stream: what went back to a savepoint counts nowhere, however large") {
    Ground ground;
    auto& server = ground.server;
    for (const bool gtid : {false, true}) {
        CAPTURE(gtid);
        server.run("DELETE FROM d.t");
        const auto start = ground.end(gtid);
        server.run("INSERT INTO d.t VALUES (1, 'x'); BEGIN; CREATE TEMPORARY TABLE d.x (a INT); " +
                   insert_rows(10, 5'000) + "SAVEPOINT a; " + insert_rows(10'010, 5'000) +
                   "SAVEPOINT b; " + insert_rows(20'010, 5'000) + "ROLLBACK TO b; " +
                   insert_rows(30'010, 5'000) + "ROLLBACK TO A; " + insert_rows(40'010, 5'000) +
                   "COMMIT; DROP TEMPORARY TABLE d.x; INSERT INTO d.t VALUES (2, 'x')");
        MysqlCdcSource source(options_for(server, gtid));
        source.open(start);
        const Reading reading(source, server.binlog_end());
        CHECK(reading.ids.size() == 10'002);
        CHECK(reading.ids == ids_in(server));
        CHECK(reading.voided == 1);
    }
}

TEST_CASE("source stream: a transaction of large rows leaves in parts of bounded memory") {
    Ground ground({.extra_args = {"--max-allowed-packet=64M"}});
    auto& server = ground.server;
    const auto start = ground.end(false);
    std::string sql = "BEGIN; ";
    for (int id = 1; id <= 60; ++id)
        sql += fmt::format("INSERT INTO d.t VALUES ({}, REPEAT('x', 1000000)); ", id);
    server.run(sql + "COMMIT");
    MysqlCdcSource source(options_for(server, false));
    source.open(start);
    const Reading reading(source, server.binlog_end());
    CHECK(reading.ids == ids_in(server));
    CHECK(reading.batches >= 6);
    CHECK(reading.largest_batch < std::size_t{16} << 20);
}

TEST_CASE("source stream: with GTIDs a position inside a transaction is refused, its border not") {
    Ground ground;
    auto& server = ground.server;
    const auto end = server.binlog_end();
    server.run("INSERT INTO d.t VALUES (1, 'x')");
    auto connection = server.connect();
    auto events =
        connection.query(fmt::format("SHOW BINLOG EVENTS IN '{}' FROM {}", end.file, end.position));
    int refused = 0;
    while (auto row = events.next()) {
        auto options = options_for(server, true);
        options.binlog_filename = end.file;
        for (const std::uint64_t offset : {row->number(1), row->number(1) + 1}) {
            options.binlog_position = offset;
            INFO(row->text(2) << " at " << offset);
            MysqlCdcSource source(options);
            if (offset == end.position) {
                CHECK(source.configured_start() != nullptr);
                continue;
            }
            std::string text;
            CHECK(kind_of_error([&] { source.configured_start(); }, &text) == ErrorKind::config);
            CHECK_THAT(text, Contains("HINT"));
            ++refused;
        }
    }
    CHECK(refused >= 5);
    auto options = options_for(server, true);
    options.binlog_filename = end.file;
    options.binlog_position = server.binlog_end().position;
    CHECK(MysqlCdcSource(options).configured_start() != nullptr);
    options.binlog_position += 1;
    CHECK(kind_of_error([&] { MysqlCdcSource(options).configured_start(); }) == ErrorKind::gap);
}

TEST_CASE("source stream: servers of one domain whose numbers do not agree make no gap") {
    Ground ground({.extra_args = {"--gtid-strict-mode=OFF"}});
    auto& server = ground.server;
    const auto write = [&](unsigned id, std::uint64_t number, int row) {
        server.run(
            fmt::format("SET SESSION server_id = {}; SET SESSION gtid_seq_no = {}; "
                        "INSERT INTO d.t VALUES ({}, 'x')",
                        id, number, row));
    };
    write(5, 100'000, 1);
    const auto before = ground.end(true);
    write(6, 20'000, 2);
    const auto behind = ground.end(true);
    CHECK(std::dynamic_pointer_cast<const MysqlPosition>(before)->gtid_set == "0-5-100000");
    CHECK(std::dynamic_pointer_cast<const MysqlPosition>(behind)->gtid_set == "0-6-20000");
    write(6, 20'001, 3);
    for (const bool rotated : {false, true}) {
        if (rotated) server.run("FLUSH BINARY LOGS");
        MysqlCdcSource source(options_for(server, true));
        INFO(source.holds(*before).detail);
        CHECK(source.holds(*before).held);
        CHECK(source.holds(*behind).held);
    }
    const auto ahead = std::make_shared<MysqlPosition>();
    ahead->gtid_set = "0-6-30000";
    CHECK_FALSE(MysqlCdcSource(options_for(server, true)).holds(*ahead).held);
    {
        MysqlCdcSource source(options_for(server, true));
        source.open(before);
        const Reading reading(source, server.binlog_end());
        CHECK(reading.ids == std::multiset<std::int64_t>{2, 3});
        CHECK(reading.last->gtid_set == "0-6-20001");
    }
    server.restart();  // until then MariaDB keeps what a checkpoint of InnoDB may need
    server.run(fmt::format("PURGE BINARY LOGS TO '{}'", server.binlog_end().file));
    MysqlCdcSource source(options_for(server, true));
    const auto gone = source.holds(*before);
    CHECK_FALSE(gone.held);
    CHECK_THAT(gone.detail, Contains("0-6-20001"));
    CHECK(source.holds(*ground.end(true)).held);
    const auto still_there = ground.end(true);
    server.run("INSERT INTO d.t VALUES (4, 'x')");
    source.open(still_there);
    CHECK(Reading(source, server.binlog_end()).ids == std::multiset<std::int64_t>{4});
}

TEST_CASE("source stream: a refused dump is a gap, with TLS as without") {
    for (const bool tls : {false, true}) {
        ServerOptions server_options;
        TempFolder folder{"tls"};
        if (tls) {
            const auto key = (folder / "key.pem").string();
            const auto certificate = (folder / "cert.pem").string();
            const auto made = std::system(
                fmt::format("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=dts-test "
                            "-keyout {} -out {} 2>/dev/null && chmod 644 {}",
                            key, certificate, key)
                    .c_str());
            if (made != 0) return;
            server_options.extra_args = {"--ssl-key=" + key, "--ssl-cert=" + certificate};
        }
        Ground ground(server_options);
        auto& server = ground.server;
        CAPTURE(tls);
        auto options = options_for(server, false);
        if (tls) options.endpoint.ssl_mode = SslMode::require;
        MysqlCdcSource source(options);
        auto position = std::make_shared<MysqlPosition>();
        position->binlog_filename = "mysql-bin.000099";
        position->next_event_position = 4;
        std::string text;
        CHECK(kind_of_error([&] { source.open(position); }, &text) == ErrorKind::gap);
        CHECK_THAT(text, Contains("error 1236"));
        MysqlCdcSource again(options);
        server.run("INSERT INTO d.t VALUES (1, 'x')");
        position->binlog_filename = server.binlog_end().file;
        again.open(position);
        CHECK(Reading(again, server.binlog_end()).ids.size() == 1);
    }
}
