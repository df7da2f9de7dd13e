// Postgres: accounts with exactly the rights that the README names, over TLS.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

std::string url_of(const PostgresServer& server, std::string_view account, std::string_view more) {
    return fmt::format("postgres://{}:pw@127.0.0.1:{}/d{}", account, server.port(), more);
}

/// A certificate of 127.0.0.1 that signs itself, as `NAME.crt` and `NAME.key` in the server's
/// folder.
void give_certificate(PostgresServer& server) {
    const auto certificate = server.data_folder() / "server.crt";
    run_program({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                 (server.data_folder() / "server.key").string(), "-out", certificate.string()});
    for (const char* file : {"server.crt", "server.key"}) {
        const auto path = (server.data_folder() / file).string();
        if (::geteuid() == 0) run_program({"chown", "postgres:postgres", path});
        run_program({"chmod", "600", path});
    }
    server.run("ALTER SYSTEM SET ssl=on");
    server.restart();
}

}  // namespace

TEST_CASE("postgres: accounts with the rights of the README, and no others, over TLS") {
    PostgresPair p;
    p.source.run(
        "CREATE ROLE reader LOGIN REPLICATION PASSWORD 'pw'; GRANT CREATE ON DATABASE d TO reader;"
        "CREATE SCHEMA s AUTHORIZATION reader; CREATE TABLE s.t (id int PRIMARY KEY, v text);"
        "ALTER TABLE s.t OWNER TO reader");
    p.target.run(
        "CREATE ROLE writer LOGIN PASSWORD 'pw'; GRANT CREATE ON DATABASE d TO writer;"
        "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text);"
        "GRANT USAGE ON SCHEMA s TO writer;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA s TO writer;"
        "GRANT SET ON PARAMETER session_replication_role TO writer");
    give_certificate(p.source);
    give_certificate(p.target);
    const auto options = [](const PostgresServer& server) {
        return fmt::format("?sslmode=verify_full&sslrootcert={}",
                           (server.data_folder() / "server.crt").string());
    };
    TaskIni ini = p.ini();
    ini.set("extractor", "url", url_of(p.source, "reader", options(p.source)))
        .set("sinker", "url", url_of(p.target, "writer", options(p.target)));
    WorkerProcess worker(ini, p.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    CHECK(p.source.scalar("SELECT bool_and(s.ssl)::text FROM pg_stat_ssl s JOIN pg_stat_activity a "
                          "USING (pid) WHERE usename='reader'") == "true");
    CHECK(p.target.scalar("SELECT bool_and(s.ssl)::text FROM pg_stat_ssl s JOIN pg_stat_activity a "
                          "USING (pid) WHERE usename='writer'") == "true");
    p.source.run("INSERT INTO s.t VALUES (1, 'a'), (2, 'b'); UPDATE s.t SET v='c' WHERE id=1");
    p.source.run("DELETE FROM s.t WHERE id=2");
    CHECK(p.arrive_and_stop(worker) == "exit code 0");
    CHECK(p.differences() == "");
    CHECK_THAT(worker.default_log(), !Contains("at least once"));

    // A certificate that another one has signed is refused, and not tried again.
    ini.set("extractor", "url", url_of(p.source, "reader", options(p.target)));
    const auto file = ini.write(p.folder / "task.ini");
    const auto outcome = run_worker({file.string(), "--log-dir", p.log_folder().string()});
    CHECK(outcome.status.code == 78);
    CHECK_THAT(outcome.output, Contains("certificate verify failed") && Contains("ssl_ca_path"));
}

TEST_CASE("postgres: a target's row security that hides rows from the account stops the task") {
    PostgresPair p;
    p.run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY)");
    p.target.run(
        "CREATE ROLE writer LOGIN PASSWORD 'pw'; GRANT CREATE ON DATABASE d TO writer;"
        "GRANT USAGE ON SCHEMA s TO writer;"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA s TO writer;"
        "GRANT SET ON PARAMETER session_replication_role TO writer");
    TaskIni ini = p.ini();
    ini.set("sinker", "url", url_of(p.target, "writer", ""));
    WorkerProcess worker(ini, p.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    p.source.run("INSERT INTO s.t VALUES (1)");
    worker.wait_for_checkpoint(p.source.wal_end());
    p.target.run(
        "ALTER TABLE s.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON s.t USING (id > 1)");
    p.source.run("DELETE FROM s.t");
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 77);
    CHECK_THAT(outcome.output, Contains("row-level security") && Contains("\"s\".\"t\"") &&
                                   Contains("ALTER ROLE \"writer\" BYPASSRLS"));
    CHECK(p.target.scalar("SELECT count(*) FROM s.t") == "1");
}

TEST_CASE("postgres: a rule of the target that fires for replicas sees no new rows") {
    PostgresPair p;
    p.run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY)");
    p.target.run(
        "CREATE RULE r AS ON INSERT TO s.t DO INSTEAD NOTHING;"
        "ALTER TABLE s.t ENABLE ALWAYS RULE r");
    CHECK(p.follow({"INSERT INTO s.t VALUES (1)",
                    "INSERT INTO s.t SELECT generate_series(2, 20)"}) == "");
}

TEST_CASE("postgres: a rule that is made while the task runs loses no row") {
    PostgresPair p;
    p.run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY)");
    {
        WorkerProcess worker(p.ini(), p.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        p.source.run("INSERT INTO s.t VALUES (1)");
        worker.wait_for_checkpoint(p.source.wal_end());
        p.target.run(
            "CREATE RULE r AS ON INSERT TO s.t DO INSTEAD NOTHING;"
            "ALTER TABLE s.t ENABLE ALWAYS RULE r");
        p.source.run("INSERT INTO s.t VALUES (2)");
        const auto outcome = worker.wait_for_exit();
        CHECK(outcome.status.code == 76);
        CHECK_THAT(outcome.output,
                   Contains("\"s\".\"t\", rows \"id\"='2': 1 not taken, by a rule") &&
                       Contains("start the task again"));
    }
    CHECK(p.follow({"INSERT INTO s.t VALUES (3)"}) == "");
}
