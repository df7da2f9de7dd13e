// Postgres: DDL of ordinary users, between accounts with exactly the rights that the README names.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/postgres_pair.hpp"
#include "test/servers/readme_sql.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

/// What the README has, for the names that these servers have: dts is their superuser, so that the
/// account is called copier.
std::string readme_rights(std::string_view begin, std::string_view end = "```") {
    std::string sql = readme_part(begin, end);
    for (const auto& [name, own] : {std::pair{"…", "pw"},
                                    {"DATABASE shop", "DATABASE d"},
                                    {"DATABASE copy", "DATABASE d"},
                                    {"SCHEMA sales", "SCHEMA s"},
                                    {"ROLE dts ", "ROLE copier "},
                                    {" TO dts;", " TO copier;"}}) {
        for (std::size_t at; (at = sql.find(name)) != std::string::npos;)
            sql.replace(at, std::string_view(name).size(), own);
    }
    return sql;
}

struct RightsPair : PostgresPair {
    RightsPair() {
        run_on_both(
            "CREATE ROLE sales_owner LOGIN PASSWORD 'pw'; CREATE SCHEMA s;"
            "CREATE TABLE s.a (id int PRIMARY KEY, v text); ALTER TABLE s.a OWNER TO sales_owner");
        source.run(
            "ALTER SCHEMA s OWNER TO sales_owner; CREATE ROLE clerk LOGIN PASSWORD 'pw';"
            "GRANT USAGE, CREATE ON SCHEMA s TO clerk");
        source.run(readme_rights("CREATE ROLE dts LOGIN REPLICATION", "-- on the target"));
        source.run(ddl_trigger_sql() + readme_rights("ALTER TABLE dts.ddl OWNER TO dts"));
        target.run(readme_rights("CREATE ROLE dts LOGIN PASSWORD"));
    }
    void grant_ddl() { target.run(readme_rights("GRANT CREATE ON SCHEMA sales")); }

    static std::string url_of_copier(const PostgresServer& server) {
        return fmt::format("postgres://copier:pw@127.0.0.1:{}/d", server.port());
    }
    TaskIni of_copier() const {
        return ini()
            .set("extractor", "url", url_of_copier(source))
            .set("sinker", "url", url_of_copier(target))
            .set("extractor", "ddl_meta_tb", "dts.ddl")
            .set("filter", "do_ddls", "*");
    }
    /// What a user of the source does who has a login of its own.
    void run_as(std::string_view user, std::string_view sql) const {
        auto endpoint = source.endpoint();
        endpoint.username = user;
        endpoint.password = "pw";
        PostgresConnection(endpoint).query(std::string(sql));
    }
    std::string refusal() const {
        WorkerProcess worker(of_copier(), folder.path());
        const auto outcome = worker.wait_for_exit();
        CHECK(outcome.status.code == 77);
        return outcome.output;
    }
};

}  // namespace

TEST_CASE("postgres: DDL of ordinary users arrives by accounts with the README's rights alone") {
    RightsPair t;
    t.grant_ddl();
    for (const auto* server : {&t.source, &t.target})
        REQUIRE(server->connect().scalar("SELECT rolsuper FROM pg_roles WHERE rolname='copier'") ==
                "f");
    {
        WorkerProcess worker(t.of_copier(), t.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        t.run_as("clerk", "CREATE TABLE s.c (id int PRIMARY KEY, v text)");
        t.run_as("clerk", "INSERT INTO s.c VALUES (1, 'x'); CREATE INDEX i ON s.c (v)");
        t.run_as("clerk", "ALTER TABLE s.c ADD COLUMN n int; INSERT INTO s.c VALUES (2, 'y', 2)");
        t.run_as("clerk",
                 "CREATE TABLE s.gone (id int PRIMARY KEY); INSERT INTO s.gone VALUES (1)");
        t.run_as("sales_owner", "INSERT INTO s.a VALUES (1, 'x'); CREATE INDEX j ON s.a (v)");
        t.run_as("sales_owner", "ALTER TABLE s.a ADD COLUMN n int; UPDATE s.a SET n=1");
        CHECK(t.arrive_and_stop(worker) == "exit code 0");
    }
    CHECK(t.target.scalar("SELECT string_agg(tablename || ' ' || tableowner, ',' ORDER BY 1) FROM "
                          "pg_tables WHERE schemaname='s'") ==
          "a sales_owner,c copier,gone copier");
    t.run_as("clerk", "DROP TABLE s.gone; INSERT INTO s.c VALUES (3, 'z', 3)");
    WorkerProcess worker(t.of_copier(), t.folder.path());
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.differences() == "");
    CHECK(t.target.scalar("SELECT count(*) FROM s.c") == "3");
    CHECK(t.target.scalar("SELECT string_agg(indexname, ' ' ORDER BY 1) FROM pg_indexes WHERE "
                          "schemaname='s'") == "a_pkey c_pkey i j");
    CHECK_THAT(worker.default_log(), !Contains("at least once"));
}

TEST_CASE("postgres: DDL: each right of the README that is missing is named, then it goes on") {
    RightsPair t;
    const auto refused_at_start = [&](const char* take, const char* words, const char* give) {
        t.source.run(take);
        CHECK_THAT(t.refusal(), Contains(words) && Contains("HINT: "));
        t.source.run(give);
    };
    refused_at_start("REVOKE USAGE ON SCHEMA dts FROM copier", "permission denied for schema dts",
                     "GRANT USAGE ON SCHEMA dts TO copier");
    refused_at_start("ALTER TABLE dts.ddl OWNER TO CURRENT_USER", "must be owner of table ddl",
                     "ALTER TABLE dts.ddl OWNER TO copier");
    refused_at_start("REVOKE sales_owner FROM copier", "permission denied for schema s",
                     "GRANT sales_owner TO copier");
    refused_at_start("REVOKE CREATE ON DATABASE d FROM copier", "permission denied for database d",
                     "GRANT CREATE ON DATABASE d TO copier");
    {
        WorkerProcess worker(t.of_copier(), t.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        t.run_as("clerk", "CREATE TABLE s.c (id int PRIMARY KEY); INSERT INTO s.c VALUES (1)");
        t.run_as("sales_owner", "ALTER TABLE s.a ADD COLUMN n int; INSERT INTO s.a VALUES (1)");
        const auto outcome = worker.wait_for_exit();
        CHECK(outcome.status.code == 77);
        CHECK_THAT(outcome.output, Contains("CREATE TABLE of source table \"s\".\"c\"") &&
                                       Contains("permission denied for schema s") &&
                                       Contains("HINT: GRANT CREATE ON SCHEMA"));
    }
    t.target.run("GRANT CREATE ON SCHEMA s TO copier");
    CHECK_THAT(t.refusal(), Contains("ALTER TABLE of source table \"s\".\"a\"") &&
                                Contains("must be owner of table a") &&
                                Contains("the role that owns the table"));
    t.grant_ddl();
    WorkerProcess worker(t.of_copier(), t.folder.path());
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.differences() == "");
    CHECK(t.target.scalar("SELECT count(*) FROM s.c") == "1");
}

TEST_CASE("postgres: DDL through a publication of the user's takes no right but REPLICATION") {
    RightsPair t;
    t.grant_ddl();
    t.source.run(
        "REVOKE sales_owner FROM copier; REVOKE CREATE ON DATABASE d FROM copier;"
        "REVOKE USAGE ON SCHEMA dts FROM copier; ALTER TABLE dts.ddl OWNER TO CURRENT_USER;"
        "CREATE PUBLICATION mine FOR TABLE s.a, dts.ddl");
    WorkerProcess worker(t.of_copier().set("extractor", "pub_name", "mine"), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.run_as("clerk", "CREATE TABLE s.c (id int PRIMARY KEY); INSERT INTO s.c VALUES (1)");
    t.run_as("sales_owner", "ALTER TABLE s.a ADD n int; INSERT INTO s.a VALUES (1, 'x', 1)");
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.differences() == "");
    CHECK(t.target.scalar("SELECT count(*) FROM s.c") == "1");
}

TEST_CASE("postgres: two-way DDL: the target's trigger notes what such an account applies") {
    RightsPair t;
    t.grant_ddl();
    t.target.run(
        ddl_trigger_sql() +
        "CREATE PUBLICATION mine FOR TABLE s.a, dts.ddl;"
        "GRANT EXECUTE ON FUNCTION pg_replication_origin_oid, pg_replication_origin_create,"
        "pg_replication_origin_session_setup TO copier");
    auto ini = t.of_copier();
    ini.set("data_marker", "src_node", "a").set("data_marker", "dst_node", "b");
    WorkerProcess worker(ini.set("data_marker", "do_nodes", "a"), t.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    t.run_as("clerk", "CREATE TABLE s.c (id int PRIMARY KEY); INSERT INTO s.c VALUES (1)");
    CHECK(t.arrive_and_stop(worker) == "exit code 0");
    CHECK(t.differences() == "");
    CHECK(t.target.scalar("SELECT tag || ' ' || account FROM dts.ddl WHERE objects @> "
                          "'[{\"name\": \"c\"}]'") == "CREATE TABLE copier");
    CHECK(t.target.scalar("SELECT count(*) FROM pg_publication_tables WHERE pubname='mine' AND "
                          "tablename='c'") == "1");
}
