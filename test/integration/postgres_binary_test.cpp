// Postgres: rows come in binary where the types of all tables allow it, and as text from when one
// does not.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <thread>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr const char* types_of_our_own =
    "CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('so so', 'ä');"
    "CREATE DOMAIN s.positive AS int CHECK (VALUE > 0); CREATE DOMAIN s.feeling AS s.mood;";

struct BinaryPair : PostgresPair {
    explicit BinaryPair(Release release = Release::debian)
        : PostgresPair({"log_replication_commands=on"}, release, release) {
        run_on_both(types_of_our_own);
    }
    /// How often a stream was asked for in that way.
    std::size_t streams(bool in_binary) const {
        std::size_t count = 0;
        const std::string log = read_file(source.error_log());
        for (auto at = log.find("START_REPLICATION SLOT"); at != std::string::npos;
             at = log.find("START_REPLICATION SLOT", at + 1)) {
            const auto line = log.substr(at, log.find('\n', at) - at);
            // The server also says the statement of what it logs.
            if (log.rfind("STATEMENT:", at) != std::string::npos &&
                log.rfind("STATEMENT:", at) > log.rfind('\n', at))
                continue;
            if ((line.find("binary 'true'") != std::string::npos) == in_binary) ++count;
        }
        return count;
    }
    void make_tables() {
        run_on_both(
            "CREATE TABLE s.t (id int PRIMARY KEY, b bool, i2 int2, i8 int8, o oid, n numeric, n2 "
            "numeric(12,4), d date, t time, ts timestamp, tz timestamptz, u uuid, by bytea, f4 "
            "real, f8 double precision, tx "
            "text, vc varchar(40), c char(8), na name, j json, jb jsonb, m s.mood, f s.feeling, p "
            "s.positive, g int GENERATED ALWAYS AS (id * 2) STORED);"
            "CREATE TABLE s.keyless (n int, v text, at timestamptz);"
            "ALTER TABLE s.keyless REPLICA IDENTITY FULL;");
    }
    /// Rows of `first` to `last`, each in a transaction of its own.
    void insert(int first, int last) {
        source.connect().query(fmt::format(
            "DO $$ BEGIN FOR i IN {}..{} LOOP "
            "INSERT INTO s.t SELECT i, i % 2 = 0, i, i * 1e12, i, i / 7.0, i / 3.0, "
            "date '2024-02-29' - i * 777, time '00:00' + i * interval '1.001 s', "
            "timestamp '2024-02-29' - i % 3000 * interval '1 year' - i * interval '1.000001 s', "
            "now() - i % 2000 * interval '3 year', md5(i::text)::uuid, sha256(i::text::bytea), i / "
            "3.0, i / 7.0, "
            "CASE WHEN i % 9 = 0 THEN (SELECT string_agg(md5((i * 1000 + k)::text), '') FROM "
            "generate_series(1, 200) AS k) END, md5(i::text), "
            "'ä' || i, 'name', json_build_object('a', i), jsonb_build_object('ü', i), "
            "'ä', 'so so', i;"
            "INSERT INTO s.keyless VALUES (i, 'x' || i, now()), (i, NULL, NULL);"
            "COMMIT; END LOOP; END $$",
            first, last));
    }
    void change() {
        source.run(
            "UPDATE s.t SET n = n + 1, b = NOT b WHERE id % 3 = 0; UPDATE s.t SET id = -id WHERE "
            "id % 10 = 0; DELETE FROM s.t WHERE id % 17 = 0; UPDATE s.keyless SET v = v || 'y' "
            "WHERE n % 4 = 0; DELETE FROM s.keyless WHERE n % 19 = 0");
    }
};

constexpr const char* meets_another = "can not read in binary; nothing is lost";

}  // namespace

TEST_CASE("postgres: rows come in binary, and as text once a type comes in that has no form") {
    BinaryPair pair;
    pair.make_tables();
    auto worker = std::make_unique<WorkerProcess>(pair.ini(), pair.folder.path());
    worker->wait_for_line("PgCdcExtractor starts");
    pair.insert(1, 300);
    pair.change();
    worker->wait_for_checkpoint(pair.source.wal_end());
    CHECK(pair.differences() == "");
    CHECK(pair.streams(true) == 1);
    CHECK(pair.streams(false) == 0);

    pair.target.run("ALTER TABLE s.t ADD r interval");
    std::thread load([&] { pair.insert(1001, 2000); });
    worker->wait_for("some of the load",
                     [&] { return pair.target.scalar("SELECT max(id) > 1100 FROM s.t") == "t"; });
    pair.source.run("ALTER TABLE s.t ADD r interval");
    load.join();
    pair.source.run("UPDATE s.t SET r = id * interval '1.5 hours'");
    pair.change();
    worker->wait_for_line(meets_another);
    CHECK(pair.arrive_and_stop(*worker) == "exit code 0");
    CHECK(pair.differences() == "");
    CHECK(pair.streams(true) == 1);
    CHECK(pair.streams(false) == 1);

    worker = std::make_unique<WorkerProcess>(pair.ini(), pair.folder.path());
    pair.insert(3001, 3050);
    CHECK(pair.arrive_and_stop(*worker) == "exit code 0");
    CHECK(pair.differences() == "");
    CHECK(pair.streams(true) == 1);
    CHECK(pair.streams(false) == 2);
}

TEST_CASE("postgres: a type without a form comes in within a large transaction") {
    const char* streams = GENERATE("true", "false");
    BinaryPair pair;
    pair.make_tables();
    WorkerProcess worker(pair.ini()
                             .set("extractor", "stream_in_progress", streams)
                             .set("pipeline", "buffer_size", "4000"),
                         pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    pair.insert(1, 10);
    worker.wait_for_checkpoint(pair.source.wal_end());
    pair.target.run("ALTER TABLE s.t ADD r interval");
    constexpr const char* many =
        "INSERT INTO s.t (id, n) SELECT i, i / 3.0 FROM generate_series({}, {}) AS i;"
        "INSERT INTO s.keyless SELECT i, 'x', now() FROM generate_series({}, {}) AS i;";
    pair.source.run("BEGIN;" + fmt::format(many, 101, 20'000, 101, 20'000) +
                    "ALTER TABLE s.t ADD r interval; UPDATE s.t SET r = '1 day' WHERE id % 7 = 0;" +
                    fmt::format(many, 20'001, 30'000, 20'001, 30'000) + "COMMIT");
    worker.wait_for_line(meets_another);
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    CHECK(pair.differences() == "");
    CHECK(pair.streams(true) == 1);
    CHECK(pair.streams(false) == 1);
}

TEST_CASE("postgres: a type that the catalog no longer has is met in the log, once") {
    BinaryPair pair;
    pair.make_tables();
    auto worker = std::make_unique<WorkerProcess>(pair.ini(), pair.folder.path());
    worker->wait_for_line("PgCdcExtractor starts");
    pair.insert(1, 10);
    CHECK(pair.arrive_and_stop(*worker) == "exit code 0");
    pair.target.run("ALTER TABLE s.t ADD r interval; CREATE TYPE s.later AS ENUM ('x')");
    pair.insert(11, 20);
    pair.source.run("ALTER TABLE s.t ADD r interval");
    pair.insert(21, 30);
    pair.source.run("ALTER TABLE s.t DROP r");
    pair.insert(31, 40);
    worker = std::make_unique<WorkerProcess>(pair.ini(), pair.folder.path());
    worker->wait_for_line(meets_another);
    CHECK(pair.arrive_and_stop(*worker) == "exit code 0");
    pair.target.run("ALTER TABLE s.t DROP r");
    CHECK(pair.differences() == "");
    CHECK(pair.streams(true) == 2);
    CHECK(pair.streams(false) == 1);

    // An enum that the stream is older than; the next one knows it, and is binary again.
    worker = std::make_unique<WorkerProcess>(pair.ini(), pair.folder.path());
    worker->wait_for_line("PgCdcExtractor starts");
    pair.target.run("ALTER TABLE s.t ADD l s.later");
    pair.source.run("CREATE TYPE s.later AS ENUM ('x'); ALTER TABLE s.t ADD l s.later");
    pair.source.run("UPDATE s.t SET l = 'x'");
    worker->wait_for_line(meets_another);
    CHECK(pair.arrive_and_stop(*worker) == "exit code 0");
    worker = std::make_unique<WorkerProcess>(pair.ini(), pair.folder.path());
    pair.source.run("UPDATE s.t SET l = NULL WHERE id < 20");
    CHECK(pair.arrive_and_stop(*worker) == "exit code 0");
    CHECK(pair.differences() == "");
    CHECK(pair.streams(true) == 5);
    CHECK(pair.streams(false) == 1);
}

TEST_CASE("postgres: which streams are binary is told by what is sent and read") {
    BinaryPair pair;
    pair.make_tables();
    // Not read; not sent; read and sent, but for the column.
    pair.source.run(
        "CREATE SCHEMA x; CREATE TABLE x.t (id int PRIMARY KEY, r interval);"
        "CREATE PUBLICATION p FOR TABLE s.t, s.keyless, x.t;"
        "CREATE TABLE s.unsent (id int PRIMARY KEY, r interval);");
    pair.target.run("CREATE TABLE s.unsent (id int PRIMARY KEY, r interval)");
    const auto follow = [&](const TaskIni& ini) {
        WorkerProcess worker(ini, pair.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        pair.source.run("INSERT INTO x.t SELECT COALESCE(max(id), 0) + 1, '1 day' FROM x.t");
        const int first = std::stoi(pair.source.scalar("SELECT COALESCE(max(id), 0) FROM s.t")) + 1;
        pair.insert(first, first + 10);
        CHECK(pair.arrive_and_stop(worker) == "exit code 0");
        CHECK(pair.differences() == "");
    };
    TaskIni ini = pair.ini().set("extractor", "pub_name", "p");
    follow(ini);
    CHECK(pair.streams(true) == 1);
    follow(TaskIni(ini).set("extractor", "binary_values", "false"));
    CHECK(pair.streams(true) == 1);
    pair.source.run("ALTER PUBLICATION p ADD TABLE s.unsent (id)");
    follow(ini);
    CHECK(pair.streams(true) == 2);
    pair.source.run("ALTER PUBLICATION p SET TABLE s.t, s.keyless, s.unsent");
    follow(ini);
    CHECK(pair.streams(true) == 2);
    CHECK(pair.streams(false) == 2);
}
