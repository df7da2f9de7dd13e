#include "lib/source/mysql/transaction_decoder.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

using Lines = std::vector<std::string>;

/// A replay that begins at the head of a file.
struct Begun : Replay {
    EventBuilder build;
    explicit Begun(
        BatchLimits limits = {}, TableRegistry::Selector selector = [](auto, auto) { return true; })
        : Replay(limits, std::move(selector)) {
        begin_again();
    }
    void begin_again() {
        start("f.1", build.offset());
        EventBuilder head;
        auto format = head.format();
        format.replace(13, 4, little<4>(0));  // once more, in the middle of a file
        feed(format);
    }
    void insert(std::uint32_t id) {
        feed(build.table_map(9, "db", "t"));
        feed(build.insert(9, EventBuilder::row(id, "x")));
    }
    std::string commit_line() const { return fmt::format("commit f.1:{}", build.offset()); }
    ErrorKind kind_of_error(const std::string& raw) {
        try {
            feed(raw);
        } catch (const Error& error) {
            return error.kind();
        }
        FAIL("no error");
        return {};
    }
};

}  // namespace

TEST_CASE("transactions: rows between BEGIN and XID are one transaction, marked at its end") {
    Begun replay;
    replay.feed(replay.build.gtid(1, 1'700'000'000'123'456));
    replay.feed(replay.build.query("BEGIN"));
    replay.insert(1);
    replay.feed(replay.build.update(9, EventBuilder::row(1, "x") + EventBuilder::row(1, "y")));
    CHECK(replay.decoder.in_transaction());
    replay.feed(replay.build.xid());
    CHECK_FALSE(replay.decoder.in_transaction());
    auto batch = replay.decoder.take();
    CHECK(batch->commits.at(0).commit_time_us == 1'700'000'000'123'456);
    CHECK(lines_of(*batch) ==
          Lines{"insert t: - > 1,x", "update t: 1,x > 1,y", replay.commit_line()});
}

TEST_CASE("transactions: a definition is a transaction of its own, and asks the catalog anew") {
    Begun replay;
    replay.feed(replay.build.mariadb_gtid(1));
    replay.insert(1);
    replay.feed(replay.build.xid());
    CHECK(replay.catalog.asked == 1);
    replay.feed(replay.build.mariadb_gtid(2, MariadbGtidEvent::flag_standalone));
    replay.feed(replay.build.query("ALTER TABLE t MODIFY name varchar(10)"));
    CHECK_FALSE(replay.decoder.in_transaction());
    replay.feed(replay.build.mariadb_gtid(3));
    replay.insert(2);
    replay.feed(replay.build.xid());
    CHECK(replay.catalog.asked == 2);
}

TEST_CASE("transactions: those without subscribed changes move the position with one mark") {
    Begun replay({}, [](auto, auto table) { return table == "other"; });
    for (std::uint64_t i = 1; i <= 50; ++i) {
        replay.feed(replay.build.gtid(i));
        replay.feed(replay.build.query("BEGIN"));
        replay.insert(1);
        replay.feed(replay.build.xid());
    }
    auto batch = replay.decoder.take();
    CHECK(batch->changes.empty());
    CHECK(batch->skipped_changes == 50);
    CHECK(lines_of(*batch) == Lines{replay.commit_line()});
    CHECK(replay.catalog.asked == 0);
}

TEST_CASE("transactions: a large one leaves in parts, the last of them with its mark") {
    Begun replay({.changes = 2, .bytes = 1 << 30});
    replay.feed(replay.build.gtid(1));
    replay.feed(replay.build.query("BEGIN"));
    const auto before = replay.build.offset();
    replay.insert(1);
    replay.insert(2);
    CHECK(replay.decoder.is_full());
    const auto part = replay.decoder.take();
    CHECK(part->ends_inside_transaction());
    CHECK(part->commits.empty());
    const auto read = std::dynamic_pointer_cast<const MysqlPosition>(part->trail->last_read());
    CHECK(read->next_event_position > before);
    replay.feed(replay.build.xid());
    CHECK(replay.take_lines() == Lines{replay.commit_line()});
}

TEST_CASE("transactions: GTIDs add up over batches") {
    Begun replay;
    replay.decoder.start({std::make_shared<const std::string>("f.1"), 4},
                         std::make_shared<const GtidSet>(GtidSet::parse("0-1-5,7-7-7")), 0);
    for (std::uint64_t i = 6; i < 9; ++i) {
        replay.feed(replay.build.mariadb_gtid(i));
        replay.insert(static_cast<std::uint32_t>(i));
        replay.feed(replay.build.xid());
        CHECK(replay.take_lines().back() ==
              fmt::format("commit f.1:{} 0-1-{},7-7-7", replay.build.offset(), i));
    }
}

TEST_CASE("transactions: a heartbeat moves the position between transactions, not inside") {
    Begun replay;
    const auto heartbeat = [&] { return replay.build.event(EventType::heartbeat, "f.1", 0, 0); };
    replay.feed(heartbeat());
    CHECK(replay.take_lines() == Lines{replay.commit_line()});
    replay.feed(replay.build.mariadb_gtid(1));
    replay.feed(heartbeat());
    CHECK_FALSE(replay.decoder.has_batch());
}

TEST_CASE("transactions: a new file moves the position to its head") {
    Begun replay;
    replay.feed(replay.build.rotate("f.2", 4));
    CHECK(replay.take_lines() == Lines{"commit f.2:4"});
}

TEST_CASE("transactions: what was rolled back to a savepoint is not applied") {
    Begun replay;
    replay.feed(replay.build.mariadb_gtid(1));
    replay.insert(1);
    replay.feed(replay.build.query("SAVEPOINT `s`"));
    replay.insert(2);
    replay.feed(replay.build.query("ROLLBACK TO `s`"));
    replay.feed(replay.build.xid());
    CHECK(replay.take_lines() == Lines{"insert t: - > 1,x", replay.commit_line()});
}

TEST_CASE("transactions: a rolled back one leaves the changes that can not be rolled back") {
    Begun replay;
    replay.catalog.tables["db.t"].is_transactional = false;
    replay.feed(replay.build.mariadb_gtid(1));
    replay.insert(1);
    replay.feed(replay.build.query("ROLLBACK"));
    CHECK(replay.take_lines() == Lines{"insert t: - > 1,x", replay.commit_line()});

    Begun other;
    other.feed(other.build.mariadb_gtid(1));
    other.insert(1);
    other.feed(other.build.query("ROLLBACK"));
    CHECK(other.take_lines() == Lines{other.commit_line()});
}

TEST_CASE("transactions: a prepared XA one over subscribed tables is refused, in one phase taken") {
    for (const bool one_phase : {true, false}) {
        Begun replay;
        replay.feed(replay.build.gtid(1));
        replay.feed(replay.build.query("XA START X'61',X'',1"));
        replay.insert(1);
        replay.feed(replay.build.query("XA END X'61',X'',1"));
        const auto prepare =
            replay.build.event(EventType::xa_prepare, little<1>(one_phase) + little<4>(1) +
                                                          little<4>(1) + little<4>(0) + "a");
        if (one_phase) {
            replay.feed(prepare);
            CHECK(replay.take_lines().size() == 2);
        } else {
            CHECK(replay.kind_of_error(prepare) == ErrorKind::data);
        }
    }
}

TEST_CASE("transactions: a refused XA one is told with its tables, and what is right to do") {
    Begun replay;
    replay.feed(replay.build.gtid(1));
    replay.feed(replay.build.query("XA START X'61',X'',1"));
    replay.insert(1);
    try {
        replay.feed(replay.build.event(
            EventType::xa_prepare,
            little<1>(false) + little<4>(1) + little<4>(1) + little<4>(0) + "a"));
        FAIL("no error");
    } catch (const Error& error) {
        CHECK_THAT(error.text(), Catch::Contains("changed `db`.`t` and"));
        CHECK_THAT(error.hint(), Catch::Contains("copy these tables anew"));
    }
}

TEST_CASE("transactions: rows by statement are refused for a subscribed table, else passed over") {
    Begun replay({}, [](auto, auto table) { return table == "t"; });
    replay.feed(replay.build.gtid(1));
    replay.feed(replay.build.query("BEGIN"));
    replay.feed(replay.build.query("insert into o values (1)"));
    CHECK(replay.kind_of_error(replay.build.query("insert into t values (1)")) == ErrorKind::data);
}

TEST_CASE("transactions: a start inside one is told, not guessed around") {
    Begun replay;
    CHECK(replay.kind_of_error(replay.build.xid()) == ErrorKind::data);
    Begun other;
    other.feed(other.build.table_map(9, "db", "t"));
    CHECK(other.kind_of_error(other.build.insert(9, EventBuilder::row(1, "x"))) == ErrorKind::data);
}

TEST_CASE("transactions: rows that do not fit the table are refused with a hint") {
    Begun replay;
    replay.catalog.add("db", "t", {{"id", "int"}, {"name", "varchar"}, {"more", "int"}});
    replay.feed(replay.build.mariadb_gtid(1));
    replay.feed(replay.build.table_map(9, "db", "t"));
    try {
        replay.feed(replay.build.insert(9, EventBuilder::row(1, "x")));
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::data);
        CHECK(error.hint().find("binlog_row_metadata=FULL") != std::string::npos);
    }
}

TEST_CASE("transactions: a column of another type is refused although the count is the same") {
    Begun replay;
    replay.catalog.add("db", "t", {{"id", "bigint"}, {"name", "varchar"}});
    replay.feed(replay.build.mariadb_gtid(1));
    replay.feed(replay.build.table_map(9, "db", "t"));
    CHECK(replay.kind_of_error(replay.build.insert(9, EventBuilder::row(1, "x"))) ==
          ErrorKind::data);
}

TEST_CASE("transactions: an incident of the source is a gap, a partial JSON update is refused") {
    Begun replay;
    CHECK(replay.kind_of_error(replay.build.event(
              EventType::incident, little<2>(1) + little<1>(4) + "lost")) == ErrorKind::gap);
    Begun other;
    other.feed(other.build.mariadb_gtid(1));
    other.feed(other.build.table_map(9, "db", "t"));
    CHECK(other.kind_of_error(other.build.event(EventType::partial_update_rows,
                                                little<6>(9) + little<2>(0))) == ErrorKind::data);
}

TEST_CASE("transactions: an unknown event is refused unless it says it may be passed over") {
    Begun replay;
    const auto type = static_cast<EventType>(99);
    replay.feed(replay.build.event(type, "", EventHeader::flag_ignorable));
    CHECK(replay.kind_of_error(replay.build.event(type, "")) == ErrorKind::data);
}
