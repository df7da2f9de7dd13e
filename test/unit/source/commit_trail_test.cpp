#include "lib/source/mysql/commit_trail.hpp"

#include <catch2/catch.hpp>

#include "lib/position/mysql_position.hpp"

using namespace dts;

TEST_CASE("commit trail: each mark has the set up to its own transaction") {
    MysqlCommitTrail trail(std::make_shared<const GtidSet>(GtidSet::parse("0-1-5")), 0);
    const auto file = std::make_shared<const std::string>("f.1");
    TransactionId id;
    id.dialect = GtidSet::Dialect::mariadb;
    id.server = 1;
    for (id.number = 6; id.number < 9; ++id.number)
        trail.mark({file, id.number * 100}, 1'000'000, id, false);
    trail.read_up_to({file, 950}, 2'000'000);
    const auto second = std::dynamic_pointer_cast<const MysqlPosition>(trail.after_commit(1));
    CHECK(second->gtid_set == "0-1-7");
    CHECK(second->next_event_position == 700);
    CHECK(second->timestamp_ms == 1000);
    CHECK(second->server_id.empty());
    CHECK(trail.executed()->text() == "0-1-8");
    const auto read = std::dynamic_pointer_cast<const MysqlPosition>(trail.last_read());
    CHECK(read->next_event_position == 950);
    CHECK(read->gtid_set == "0-1-8");
}

TEST_CASE("commit trail: a mark that gives way leaves its transaction in the set") {
    MysqlCommitTrail trail(std::make_shared<const GtidSet>(), 0);
    const auto file = std::make_shared<const std::string>("f.1");
    TransactionId id;
    id.dialect = GtidSet::Dialect::mysql;
    for (id.number = 1; id.number < 4; ++id.number)
        trail.mark({file, id.number}, 0, id, id.number != 1);
    const auto only = std::dynamic_pointer_cast<const MysqlPosition>(trail.after_commit(0));
    CHECK(only->gtid_set == "00000000-0000-0000-0000-000000000000:1-3");
    CHECK(only->next_event_position == 3);
}
