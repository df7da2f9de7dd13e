// Postgres: sink_type=sql writes what psql can execute, forwards and, reversed, backwards.
#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

constexpr auto tables =
    "CREATE SCHEMA s; SET search_path = s; CREATE TYPE mood AS ENUM ('it''s ok', 'b\\ad');"
    "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"Quoted \"\" name\" text,"
    "  b bytea, j json, jb jsonb, n int[], ta text[], f float8, d numeric, ts timestamptz, iv "
    "interval, day date, ok bool, m mood, c char(5), x xml, p point, g int GENERATED ALWAYS AS "
    "(id * 2) STORED, money money);"
    "CREATE TABLE only_key (a int, b text, PRIMARY KEY (a, b));"
    "CREATE TABLE keyless (v int, w text, j json, p point, ok bool, c char(4), ta text[]);"
    "ALTER TABLE keyless REPLICA IDENTITY FULL";

constexpr auto changes =
    "BEGIN; SET LOCAL search_path = s;"
    "INSERT INTO t (\"Quoted \"\" name\", b, j, jb, n, ta, f, d, ts, iv, day, ok, m, c, x, p, "
    "money)"
    " VALUES (E'line\\nbreak\\r\\n ''quote'' \\\\ :var :''v'' ;--', '\\x00ff27', '{\"a\" : "
    "\"b\\\\n\"}',"
    " '{\"k\": [1, null]}', '{{1,2},{3,NULL}}', ARRAY['a''b', E'c\\nd', 'e\\f\"g', NULL, ''], 0.1,"
    " 1e30, '2024-02-03 04:05:06.789+09', '1 mon -2 days', '0044-03-15 BC', true, 'b\\ad', 'ab ',"
    " '<a>b</a>', '(1,2)', '$1,234.56');"
    "INSERT INTO t (f, d, ts, j) VALUES ('NaN', 'NaN', 'infinity', NULL), ('-Infinity', 0, "
    "'-infinity', '\"\"');"
    "INSERT INTO t (\"Quoted \"\" name\") SELECT repeat(md5(i::text), 500) FROM "
    "generate_series(1, 3) i;"
    "UPDATE t SET ok = false WHERE id > 1; UPDATE t SET c = E'\\\\n' WHERE id = 1;"
    "DELETE FROM t WHERE id = 3;"
    "INSERT INTO only_key VALUES (1, 'a'), (2, E'b\\nc'); UPDATE only_key SET b = 'z' WHERE a = 1;"
    "DELETE FROM only_key WHERE a = 2; UPDATE only_key SET a = a;"
    "INSERT INTO keyless SELECT i % 3, E'w\\n', '{\"a\":1}', '(1,2)', i % 2 = 0, 'c', '{a,\"b "
    "c\"}' "
    "FROM generate_series(1, 20) i; INSERT INTO keyless (v) VALUES (NULL), (NULL);"
    "DELETE FROM keyless WHERE v = 1 AND ok; UPDATE keyless SET v = 9 WHERE v = 2; COMMIT";

void run_psql(const PostgresServer& server, const fs::path& file) {
    run_program({"psql", server.url(), "-qX", "-v", "ON_ERROR_STOP=1", "-f", file.string()});
}

struct SqlFileTask : PostgresPair {
    SqlFileTask() { run_on_both(tables); }
    fs::path file() const { return log_folder() / "sql.log"; }
    void record(const TaskIni& ini) {
        WorkerProcess worker(ini, folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        source.run(changes);
        source.run("UPDATE s.t SET n = '{7}'; INSERT INTO s.only_key VALUES (3, '')");
        CHECK(arrive_and_stop(worker) == "exit code 0");
    }
};

}  // namespace

TEST_CASE("postgres: psql makes of sql.log what the source has") {
    for (const char* replace : {"true", "false"}) {
        SqlFileTask task;
        task.record(task.ini().set("sinker", "sink_type", "sql").set("sinker", "replace", replace));
        run_psql(task.target, task.file());
        CHECK(task.differences() == "");
        CHECK(task.target.scalar("SELECT count(*) FROM s.t") == "5");
    }
}

TEST_CASE("postgres: sql.log, reversed and read from last to first, undoes the changes") {
    SqlFileTask task;
    task.run_on_both(
        "ALTER TABLE s.t REPLICA IDENTITY FULL; ALTER TABLE s.only_key REPLICA IDENTITY FULL;"
        "INSERT INTO s.keyless (v, w) VALUES (2, 'before'), (5, 'before')");
    task.record(task.ini().set("sinker", "sink_type", "sql").set("sinker", "reverse", "true"));
    CHECK_FALSE(task.differences() == "");
    std::vector<std::string> lines;
    std::istringstream in(read_file(task.file()));
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::reverse(lines.begin(), lines.end());
    std::string text;
    for (const auto& line : lines) text += line + '\n';
    write_file(task.folder / "undo.sql", text);
    run_psql(task.source, task.folder / "undo.sql");
    CHECK(task.differences() == "");
    CHECK(task.source.scalar("SELECT count(*) FROM s.t") == "0");
}

TEST_CASE("postgres: what can not be undone ends the task with the way out") {
    SqlFileTask task;
    task.source.run("INSERT INTO s.only_key VALUES (1, 'x'); INSERT INTO s.t (d) VALUES (1)");
    WorkerProcess worker(
        task.ini().set("sinker", "sink_type", "sql").set("sinker", "reverse", "true"),
        task.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    task.source.run("DELETE FROM s.t");
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 76);
    CHECK_THAT(outcome.output, Contains("can not be undone") && Contains("REPLICA IDENTITY FULL"));
}
