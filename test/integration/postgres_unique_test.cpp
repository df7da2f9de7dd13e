// Rows that exchange what is unique in them: what is written in place of what.
#include <catch2/catch.hpp>

#include "test/integration/postgres_pair.hpp"

using namespace dts;
using namespace dts::test;

TEST_CASE("postgres: rows that exchange their values under other unique keys, and deferred ones") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s;"
        "CREATE TABLE s.other (id int PRIMARY KEY, u int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TABLE s.part (id int PRIMARY KEY, u int, live bool);"
        "CREATE UNIQUE INDEX ON s.part (u) WHERE live;"
        "CREATE TABLE s.expression (id int PRIMARY KEY, v text);"
        "CREATE UNIQUE INDEX ON s.expression (lower(v));"
        "CREATE TABLE s.excluded (id int PRIMARY KEY, r int4range,"
        " EXCLUDE USING gist (r WITH &&) DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TABLE s.deferred (id int PRIMARY KEY DEFERRABLE, v text);"
        "ALTER TABLE s.deferred REPLICA IDENTITY FULL");
    pair.run_on_both(
        "INSERT INTO s.other VALUES (1, 1), (2, 2), (3, 3);"
        "INSERT INTO s.part VALUES (1, 1, true), (2, 1, false), (3, 3, true);"
        "INSERT INTO s.expression VALUES (1, 'a'), (2, 'B'), (3, 'c');"
        "INSERT INTO s.excluded VALUES (1, '[1,2)'), (2, '[2,3)'), (3, '[3,4)');"
        "INSERT INTO s.deferred VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    CHECK(pair.follow(
              {"BEGIN; UPDATE s.other SET u = 4 - u; UPDATE s.part SET live = false WHERE id = 1;"
               "UPDATE s.part SET live = true WHERE id = 2;"
               "UPDATE s.expression SET v = 'z' WHERE id = 1; UPDATE s.expression SET v = 'A' "
               "WHERE id = 2; UPDATE s.expression SET v = 'b' WHERE id = 1;"
               "UPDATE s.excluded SET r = int4range(4 - id, 5 - id);"
               "UPDATE s.deferred SET id = 4 - id; COMMIT"}) == "");
    CHECK(pair.target.scalar("SELECT v FROM s.expression WHERE id=1") == "b");
    CHECK(pair.target.scalar("SELECT v FROM s.deferred WHERE id=1") == "c");
}

TEST_CASE("postgres: an index that the target gets while the task runs stops no row") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, u int);"
        "INSERT INTO s.t SELECT i, i FROM generate_series(1, 9) i");
    WorkerProcess worker(pair.ini(), pair.folder.path());
    worker.wait_for_line("PgCdcExtractor starts");
    pair.source.run("UPDATE s.t SET u = u + 100");
    worker.wait_for_checkpoint(pair.source.wal_end());
    pair.target.run("CREATE UNIQUE INDEX ON s.t (u)");
    pair.source.run("UPDATE s.t SET u = 110 - id");
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    CHECK(pair.differences() == "");
}

TEST_CASE("postgres: rows are overwritten in place, those that are missing inserted") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text, w bit(9)) WITH "
        "(fillfactor=10); CREATE INDEX ON s.t (w);"
        "INSERT INTO s.t SELECT i, 'v', i::bit(9) FROM generate_series(1, 99) i");
    pair.target.run("DELETE FROM s.t WHERE id > 90");
    CHECK(
        pair.follow({"UPDATE s.t SET v = CASE id % 3 WHEN 0 THEN 'it''s \"{x}\" \\ ' || id WHEN 1 "
                     "THEN '' END"}) == "");
    CHECK(pair.target_statistics("format('%s deleted, %s heap only', n_tup_del, n_tup_hot_upd)",
                                 "t") == "9 deleted, 90 heap only");
}

TEST_CASE("postgres: with foreign keys checked, too, rows exchange what is checked late") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, u int UNIQUE DEFERRABLE);"
        "CREATE TABLE s.deferred (id int PRIMARY KEY DEFERRABLE, v text);"
        "ALTER TABLE s.deferred REPLICA IDENTITY FULL;"
        "INSERT INTO s.t VALUES (1, 1), (2, 2), (3, 3);"
        "INSERT INTO s.deferred VALUES (1, 'a'), (2, 'b'), (3, 'c')");
    TaskIni ini = pair.ini();
    ini.set("sinker", "disable_foreign_key_checks", "false");
    ini.set("filter", "do_ddls", "truncate_table");
    CHECK(pair.follow(ini,
                      {"BEGIN; UPDATE s.t SET u = 4 - u; UPDATE s.deferred SET id = 4 - id; COMMIT;"
                       "BEGIN; UPDATE s.t SET u = 9 WHERE id = 2; TRUNCATE s.t;"
                       "INSERT INTO s.t VALUES (7, 7); COMMIT"}) == "");
}

TEST_CASE("postgres: a rule, a leaf's constraint, and rows that are there under an unchecked key") {
    PostgresPair pair;
    pair.run_on_both(
        "CREATE SCHEMA s; CREATE TABLE s.ruled (id int PRIMARY KEY, v text);"
        "CREATE TABLE public.log (v text);"
        "CREATE TABLE s.root (id int, d int, u int, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);"
        "CREATE TABLE s.leaf PARTITION OF s.root FOR VALUES FROM (0) TO (9);"
        "ALTER TABLE s.leaf ADD EXCLUDE USING gist (int4range(u, u, '[]') WITH &&);"
        "INSERT INTO s.ruled VALUES (1, 'a'), (2, 'b');"
        "INSERT INTO s.root VALUES (1, 1, 1), (2, 1, 2)");
    pair.target.run(
        "CREATE RULE r AS ON UPDATE TO s.ruled DO ALSO INSERT INTO public.log VALUES ('x');"
        "CREATE TABLE s.kept (id int PRIMARY KEY DEFERRABLE, v text);"
        "INSERT INTO s.kept VALUES (1, 'old')");
    pair.source.run("CREATE TABLE s.kept (id int PRIMARY KEY, v text)");
    CHECK(pair.follow(
              {"UPDATE s.ruled SET v = v || 'x'; BEGIN; UPDATE s.root SET u = 3 WHERE id = 1;"
               "UPDATE s.root SET u = 1 WHERE id = 2; UPDATE s.root SET u = 2 WHERE id = 1; COMMIT;"
               "INSERT INTO s.kept VALUES (1, 'new')"}) == "");
    CHECK(pair.target.scalar("SELECT count(*) FROM public.log") == "0");
}
