// Postgres 17 as source and target, with the Postgres of Debian 12 and with itself.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/postgres_type_cases.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;
using Catch::EndsWith;
using Release = PostgresServer::Release;

namespace {

bool skips_without_17() {
    const auto why = PostgresServer::why_unavailable(Release::seventeen);
    if (why) skip(*why);
    return why.has_value();
}

}  // namespace

TEST_CASE("postgres 17: as source, every type arrives as it was") {
    if (skips_without_17()) return;
    PostgresPair pair({}, Release::seventeen, Release::debian);
    pair.run_on_both(postgres_types_of_our_own());
    check_types_arrive(pair, postgres_type_cases());
}

TEST_CASE("postgres 17: as target, every type arrives as it was") {
    if (skips_without_17()) return;
    PostgresPair pair({}, Release::debian, Release::seventeen);
    pair.run_on_both(postgres_types_of_our_own());
    check_types_arrive(pair, postgres_type_cases());
}

TEST_CASE("postgres 17: a killed worker goes on exactly there, by a slot that may go along") {
    if (skips_without_17()) return;
    PostgresPair pair({}, Release::seventeen, Release::seventeen);
    pair.run_on_both("CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, v text)");
    {
        WorkerProcess worker(pair.ini(), pair.folder.path());
        worker.wait_for_line("PgCdcExtractor starts");
        pair.source.run("INSERT INTO s.t VALUES (1, 'a'), (2, 'b')");
        worker.wait_for_checkpoint(pair.source.wal_end());
        worker.kill();
        worker.wait_for_exit();
    }
    CHECK(pair.source.scalar("SELECT failover FROM pg_replication_slots") == "t");
    pair.source.run("UPDATE s.t SET v='while it was dead' WHERE id=1; DELETE FROM s.t WHERE id=2");
    const auto checkpoint = pair.target_checkpoint();
    WorkerProcess worker(pair.ini(), pair.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith("resume from: " + checkpoint));
    CHECK(pair.arrive_and_stop(worker) == "exit code 0");
    CHECK(pair.differences() == "");
}
