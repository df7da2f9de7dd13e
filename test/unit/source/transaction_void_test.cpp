// Transactions that are rolled back, in whole or in part, or that the source never finished.
#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

using Lines = std::vector<std::string>;

std::vector<std::size_t> sizes(std::vector<std::size_t> list) {
    return list;
}

/// What a target holds that does as the batches say: whole transactions, and the open one.
struct Applied {
    Lines whole;
    Lines open;
    int voided = 0;

    void add(const ChangeBatch& batch) {
        if (batch.voids_open_transaction) {
            open.clear();
            ++voided;
        }
        for (const auto& line : lines_of(batch)) {
            const bool is_mark = line.starts_with("commit ");
            if (!is_mark) {
                open.push_back(line);
                continue;
            }
            whole.insert(whole.end(), open.begin(), open.end());
            open.clear();
        }
    }
};

/// A replay whose batches are taken whenever they are full, and that keeps the events, so that the
/// decoder can have them once more.
struct Stream : Replay {
    EventBuilder build;
    Applied applied;
    std::vector<std::pair<std::uint64_t, std::string>> sent;
    int read_again = 0;

    explicit Stream(std::size_t batch_changes) : Replay({.changes = batch_changes}) {
        start("f.1", 4);
        send(build.format());
    }

    void send(const std::string& raw) {
        sent.emplace_back(build.offset() - raw.size(), raw);
        give(raw);
    }
    void give(const std::string& raw) {
        feed(raw);
        if (const auto again = decoder.take_again()) {
            ++read_again;
            cursor.start(*again->begin.file, again->begin.offset);
            const auto events = sent;
            for (const auto& [offset, event] : events)
                if (offset >= again->begin.offset) give(event);
        }
        if (decoder.is_full()) applied.add(*decoder.take());
    }
    void begin() { send(build.mariadb_gtid(next_gtid++)); }
    void insert(std::uint32_t id) {
        send(build.table_map(9, "db", "t"));
        send(build.insert(9, EventBuilder::row(id, "x")));
    }
    void query(const std::string& sql) { send(build.query(sql)); }
    void commit() { send(build.xid()); }
    /// What the target holds in the end: the ids.
    std::string ids() {
        if (decoder.has_batch()) applied.add(*decoder.take());
        CHECK(applied.open.empty());
        std::string text;
        for (const auto& line : applied.whole) {
            const auto id = line.substr(line.find("> ") + 2);
            text += (text.empty() ? "" : " ") + id.substr(0, id.find(','));
        }
        return text;
    }

    std::uint64_t next_gtid = 1;
};

ErrorKind kind_of_error(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    FAIL("no error");
    return {};
}

}  // namespace

TEST_CASE("void transactions: one that is rolled back counts nowhere, handed out or not") {
    for (const std::size_t batch_changes : sizes({1, 2, 3, 100})) {
        CAPTURE(batch_changes);
        Stream stream(batch_changes);
        stream.begin(), stream.insert(1), stream.commit();
        stream.begin();
        for (std::uint32_t id = 10; id < 15; ++id) stream.insert(id);
        stream.query("ROLLBACK");
        stream.begin(), stream.insert(2), stream.commit();
        CHECK(stream.ids() == "1 2");
        CHECK(stream.applied.voided == (batch_changes < 100 ? 1 : 0));
        CHECK(stream.read_again == 0);
    }
}

TEST_CASE("void transactions: the position moves behind one that was rolled back") {
    Stream stream(2);
    stream.begin(), stream.insert(1), stream.insert(2);
    stream.query("ROLLBACK");
    const auto batch = stream.decoder.take();
    CHECK(batch->voids_open_transaction);
    CHECK_FALSE(batch->ends_inside_transaction());
    CHECK(lines_of(*batch) == Lines{fmt::format("commit f.1:{}", stream.build.offset())});
}

TEST_CASE("void transactions: one that the source broke off counts nowhere, handed out or not") {
    for (const std::size_t batch_changes : sizes({1, 2, 3, 100})) {
        for (const bool by_next_file : {false, true}) {
            CAPTURE(batch_changes, by_next_file);
            Stream stream(batch_changes);
            stream.begin();
            for (std::uint32_t id = 10; id < 15; ++id) stream.insert(id);
            if (by_next_file) stream.give(stream.build.rotate("f.2", 4, true));
            stream.begin(), stream.insert(2), stream.commit();
            CHECK(stream.ids() == "2");
            CHECK(stream.applied.voided == (batch_changes < 100 ? 1 : 0));
        }
    }
}

TEST_CASE("void transactions: what was rolled back to a savepoint counts nowhere") {
    for (const std::size_t batch_changes : sizes({1, 2, 3, 100})) {
        CAPTURE(batch_changes);
        Stream stream(batch_changes);
        stream.begin(), stream.insert(1), stream.commit();
        stream.begin(), stream.insert(2);
        stream.query("SAVEPOINT `a`"), stream.insert(10), stream.insert(11);
        stream.query("SAVEPOINT `b`"), stream.insert(12), stream.insert(13);
        stream.query("ROLLBACK TO `B`"), stream.insert(14);  // names have no case
        stream.query("ROLLBACK TO `a`"), stream.insert(3), stream.insert(4);
        stream.query("SAVEPOINT `c`"), stream.insert(15);
        stream.query("ROLLBACK TO `C`"), stream.insert(5);
        stream.commit();
        stream.begin(), stream.insert(6), stream.commit();
        CHECK(stream.ids() == "1 2 3 4 5 6");
        CHECK(stream.read_again == (batch_changes < 100 ? 1 : 0));
    }
}

TEST_CASE("void transactions: a whole rollback behind one to a savepoint leaves nothing") {
    for (const std::size_t batch_changes : sizes({1, 2, 100})) {
        CAPTURE(batch_changes);
        Stream stream(batch_changes);
        stream.begin(), stream.insert(2);
        stream.query("SAVEPOINT `a`"), stream.insert(10), stream.insert(11);
        stream.query("ROLLBACK TO `a`"), stream.insert(3);
        stream.query("ROLLBACK");
        stream.begin(), stream.insert(1), stream.commit();
        CHECK(stream.ids() == "1");
    }
}

TEST_CASE("void transactions: taking back what can not be rolled back is refused, read again too") {
    for (const std::size_t batch_changes : sizes({1, 100})) {
        Stream stream(batch_changes);
        stream.catalog.add("db", "myisam", {{"id", "int"}, {"name", "varchar"}});
        stream.catalog.tables["db.myisam"].is_transactional = false;
        stream.begin(), stream.insert(1);
        stream.query("SAVEPOINT `a`"), stream.insert(2);
        stream.query("ROLLBACK TO `a`");
        stream.query("SAVEPOINT `b`");
        stream.send(stream.build.table_map(10, "db", "myisam"));
        stream.send(stream.build.insert(10, EventBuilder::row(1, "x")));
        CHECK(kind_of_error([&] {
                  stream.query("ROLLBACK TO `b`");
                  stream.commit();
              }) == ErrorKind::data);
    }
}

TEST_CASE("void transactions: another transaction than the one to read again starts all over") {
    Stream stream(1);
    stream.begin();
    stream.query("SAVEPOINT `a`"), stream.insert(10);
    stream.query("ROLLBACK TO `a`");
    stream.feed(stream.build.xid());
    REQUIRE(stream.decoder.take_again().has_value());
    CHECK_FALSE(stream.decoder.take_again().has_value());
    CHECK(kind_of_error([&] { stream.feed(stream.build.mariadb_gtid(7)); }) ==
          ErrorKind::transient);
}

TEST_CASE("void transactions: one to read again begins behind the GTIDs before it") {
    Stream stream(100);
    stream.decoder.start({std::make_shared<const std::string>("f.1"), stream.build.offset()},
                         std::make_shared<const GtidSet>(GtidSet::parse("0-1-4,3-3-3")), 0);
    stream.next_gtid = 5;
    stream.begin(), stream.insert(1), stream.commit();
    const auto begin = stream.build.offset();
    stream.begin();
    stream.query("SAVEPOINT `a`"), stream.insert(10);
    stream.applied.add(*stream.decoder.take());
    stream.query("ROLLBACK TO `a`");
    stream.feed(stream.build.xid());
    const auto again = stream.decoder.take_again();
    REQUIRE(again.has_value());
    CHECK(again->begin.offset == begin);
    CHECK(again->executed->text() == "0-1-5,3-3-3");
}

TEST_CASE("positions: a mark before the last one is a bug, not a checkpoint") {
    Stream stream(100);
    stream.begin(), stream.insert(1), stream.commit();
    EventBuilder earlier(50);
    stream.cursor.start("f.1", 50);
    stream.feed(earlier.mariadb_gtid(9));
    CHECK(kind_of_error([&] { stream.feed(earlier.xid()); }) == ErrorKind::bug);
}

TEST_CASE("positions: the head of a file that a stream by GTIDs begins with moves nothing back") {
    Stream stream(100);
    stream.decoder.start({std::make_shared<const std::string>("f.1"), 5000},
                         std::make_shared<const GtidSet>(GtidSet::parse("0-1-4")), 0);
    stream.cursor.start("", 4);
    EventBuilder head;
    stream.feed(head.rotate("f.1", 4, true));
    stream.feed(head.format());
    CHECK_FALSE(stream.decoder.has_batch());
    head.jump(5000);
    stream.feed(head.mariadb_gtid(5));
    stream.feed(head.xid());
    CHECK(stream.take_lines() == Lines{fmt::format("commit f.1:{} 0-1-5", head.offset())});
}

TEST_CASE("positions: the last GTID of a MariaDB domain is passed on, whatever its number") {
    MysqlCommitTrail trail(std::make_shared<const GtidSet>(GtidSet::parse("0-5-99999,1-1-1")), 2);
    const FilePlace place{std::make_shared<const std::string>("f.1"), 100};
    TransactionId id;
    id.dialect = GtidSet::Dialect::mariadb;
    id.server = 5, id.number = 100'000;
    trail.mark(place, 0, id, false);
    id.server = 6, id.number = 20'000;
    trail.mark(place, 0, id, false);
    const auto set = [&](std::size_t mark) {
        return std::dynamic_pointer_cast<const MysqlPosition>(trail.after_commit(mark))->gtid_set;
    };
    CHECK(set(0) == "0-5-100000,1-1-1");
    CHECK(set(1) == "0-6-20000,1-1-1");
    CHECK(trail.executed()->text() == "0-6-20000,1-1-1");
}

TEST_CASE("table numbers: the tables of one statement stay known, however many came before") {
    Stream stream(100'000);
    std::uint64_t number = 1;
    for (; number < 8192; ++number) {
        stream.begin();
        stream.send(stream.build.table_map(number, "db", "t"));
        stream.commit();
        stream.sent.clear();
    }
    stream.begin();
    for (std::uint64_t i = 0; i < 4; ++i)
        stream.send(
            stream.build.table_map(number + i, "db", i == 0 ? "t" : "u" + std::to_string(i)));
    stream.catalog.add("db", "u3", {{"id", "int"}, {"name", "varchar"}});
    stream.send(stream.build.insert(number, EventBuilder::row(1, "x")));
    stream.send(stream.build.insert(number + 3, EventBuilder::row(2, "x")));
    stream.commit();
    CHECK(stream.ids() == "1 2");
}
