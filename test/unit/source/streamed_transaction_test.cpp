// Transactions that the server streams while they go on: what becomes of them, and when.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/source/postgres/pgoutput_decoder.hpp"
#include "lib/source/postgres/subtransactions.hpp"
#include "test/unit/source/pgoutput_fixture.hpp"
#include "test/unit/temporary_directory.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

using Xids = std::vector<std::uint32_t>;

struct Streaming {
    explicit Streaming(PgoutputDecoder::Limits limits = {}, std::uint64_t start = 0x1000)
        : decoder([](std::string_view schema, std::string_view) { return schema == "s"; },
                  {limits, true, std::make_shared<StreamedFolder>(folder.path(), 1 << 20),
                   [this](const Xids& xids) {
                       asked = xids;
                       if (!aborted) throw Error(ErrorKind::transient, "too many clients");
                       return *aborted;
                   },
                   [](std::string_view origin) { return origin.starts_with("dts:"); }}) {
        decoder.start({start, 0});
    }
    Streaming& operator<<(const std::string& message) {
        std::string bytes = message;
        decoder.accept(as_message(bytes));
        std::fill(bytes.begin(), bytes.end(), '?');
        return *this;
    }
    /// A part of the transaction `xid`, of inserts by (sub)transaction and id.
    Streaming& part(std::uint32_t xid, bool is_first,
                    std::initializer_list<std::pair<std::uint32_t, const char*>> rows) {
        *this << stream_start_message(xid, is_first);
        if (is_first) {
            *this << in_stream(xid, relation_message(1, "s", "t", 'd', {{"id", true}}));
        }
        for (const auto& [of, id] : rows)
            *this << in_stream(of, change_message('I', 1, tuple('N', {id})));
        return *this << stream_stop_message();
    }
    /// The ids of the changes, "|" for each commit mark; as many batches as there are.
    std::string replayed() {
        std::string text;
        while (decoder.is_replaying()) {
            decoder.replay();
            if (decoder.is_full()) text += text_of(*decoder.take()) + "/";
        }
        if (decoder.has_batch()) text += text_of(*decoder.take());
        return text;
    }
    static std::string text_of(const ChangeBatch& batch) {
        std::string text;
        std::size_t mark = 0;
        for (std::uint32_t i = 0; i <= batch.changes.size(); ++i) {
            for (; mark < batch.commits.size() && batch.commits[mark].change_end == i; ++mark)
                text += '|';
            if (i == batch.changes.size()) break;
            const RowChange& change = batch.changes[i];
            text += change.kind == ChangeKind::truncate ? "T" : change.after[0].as_view();
        }
        return text;
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder.path()),
                          std::filesystem::directory_iterator()));
    }

    /// The names of the columns of each change.
    std::string columns() {
        while (decoder.is_replaying()) decoder.replay();
        const auto batch = decoder.take();
        std::string text;
        for (const RowChange& change : batch->changes) {
            for (const Column& column : change.table->columns) text += column.name + ",";
            text += " ";
        }
        return text;
    }

    TemporaryDirectory folder;
    Xids asked;
    std::optional<Xids> aborted = Xids{};  ///< nothing: the server does not say
    PgoutputDecoder decoder;
};

}  // namespace

TEST_CASE("streamed: changes come at the commit, behind transactions that committed before") {
    Streaming s;
    s.part(50, true, {{50, "a"}, {50, "b"}});
    CHECK_FALSE(s.decoder.has_batch());
    CHECK_FALSE(s.decoder.in_transaction());
    s << relation_message(1, "s", "t", 'd', {{"id", true}}) << begin_message(0x2000)
      << change_message('I', 1, tuple('N', {"x"})) << commit_message(0x2000, 0x2030);
    s.part(60, true, {{60, "m"}}).part(50, false, {{50, "c"}});
    s << stream_commit_message(60, 0x3000, 0x3030);
    CHECK(s.replayed() == "x|m|");
    s << stream_commit_message(50, 0x4000, 0x4030);
    CHECK(s.decoder.in_transaction());
    CHECK(s.replayed() == "abc|");
    CHECK(s.decoder.bytes_aside() == 0);
    CHECK(s.files() == 0);
}

TEST_CASE("streamed: a subtransaction that is taken back leaves exactly its own rows out") {
    Streaming s;
    s.part(50, true, {{50, "a"}, {51, "b"}, {52, "c"}, {50, "d"}});
    s << stream_abort_message(50, 51);
    s.part(50, false, {{53, "e"}, {50, "f"}});
    // As of protocol version 4: with where and when it was taken back.
    s << stream_abort_message(50, 53) + std::string(16, 'x') << stream_abort_message(50, 99);
    s << stream_commit_message(50, 0x4000, 0x4030);
    CHECK(s.decoder.bytes_aside() > 0);
    CHECK(s.replayed() == "acdf|");
    CHECK(s.decoder.bytes_aside() == 0);
}

TEST_CASE("streamed: a table that a subtransaction described stays described without it") {
    Streaming s;
    s << stream_start_message(50, true)
      << in_stream(51, relation_message(1, "s", "t", 'd', {{"id", true}}))
      << in_stream(51, change_message('I', 1, tuple('N', {"a"})))
      << in_stream(50, change_message('I', 1, tuple('N', {"b"}))) << stream_stop_message()
      << stream_abort_message(50, 51) << stream_commit_message(50, 0x4000, 0x4030);
    CHECK(s.replayed() == "b|");
}

TEST_CASE("streamed: nothing remains of a transaction that is taken back") {
    Streaming s;
    s.part(50, true, {{50, "a"}});
    CHECK(s.decoder.bytes_aside() > 0);
    s << stream_abort_message(50, 50) << stream_abort_message(77, 77);
    CHECK(s.decoder.bytes_aside() == 0);
    CHECK_FALSE(s.decoder.has_batch());
    CHECK_THROWS_WITH(s << stream_commit_message(50, 0x4000, 0x4030), Contains("is not there"));
}

TEST_CASE("streamed: a large one comes in batches, the mark in the last") {
    Streaming s({2, 8 << 20});
    s.part(50, true, {{50, "a"}, {50, "b"}, {50, "c"}, {50, "d"}, {50, "e"}});
    s << stream_commit_message(50, 0x4000, 0x4030);
    CHECK(s.replayed() == "ab/cd/e|");
}

TEST_CASE("streamed: more than is read from disk in one piece") {
    Streaming s({1 << 20, std::size_t{1} << 30});
    const std::string large(100'000, 'x');
    s << stream_start_message(50, true)
      << in_stream(50, relation_message(1, "s", "t", 'd', {{"id", true}}));
    for (int i = 0; i < 50; ++i) {
        if (i % 10 == 9) s << stream_stop_message() << stream_start_message(50, false);
        s << in_stream(i % 5 == 0 ? 51 : 50,
                       change_message('I', 1, tuple('N', {large + std::to_string(i)})));
    }
    s << in_stream(50, change_message('I', 1, tuple('N', {std::string(2'000'000, 'y')})));
    s << stream_stop_message() << stream_abort_message(50, 51)
      << stream_commit_message(50, 0x4000, 0x4030);
    while (s.decoder.is_replaying()) s.decoder.replay();
    const auto batch = s.decoder.take();
    REQUIRE(batch->changes.size() == 41);
    CHECK(batch->changes[0].after[0].as_view() == large + "1");
    CHECK(batch->changes[39].after[0].as_view() == large + "49");
    CHECK(batch->changes[40].after[0].as_view() == std::string(2'000'000, 'y'));
}

TEST_CASE("streamed: TRUNCATE keeps its place, tables that are not subscribed are not kept") {
    Streaming s;
    s << stream_start_message(50, true)
      << in_stream(50, relation_message(1, "s", "t", 'd', {{"id", true}}))
      << in_stream(50, relation_message(2, "other", "t", 'd', {{"id", true}}));
    const auto before = s.decoder.bytes_aside();
    s << in_stream(50, change_message('I', 2, tuple('N', {"q"})));
    CHECK(s.decoder.bytes_aside() == before);
    s << in_stream(50, change_message('I', 1, tuple('N', {"a"})))
      << in_stream(50, truncate_message({1}))
      << in_stream(50, change_message('I', 1, tuple('N', {"b"}))) << stream_stop_message()
      << stream_commit_message(50, 0x4000, 0x4030);
    CHECK(s.replayed() == "aTb|");
}

TEST_CASE(
    "streamed: what was written before the start, or by ourselves elsewhere, is passed over") {
    Streaming s({}, 0x3000);
    s.part(50, true, {{50, "a"}}).part(60, true, {{60, "b"}});
    s << stream_commit_message(50, 0x2F00, 0x3000);
    CHECK(s.replayed() == "");
    s << stream_start_message(70, true) << origin_message("dts:b:task") << stream_stop_message();
    s.part(70, false, {});
    s << stream_start_message(70, false)
      << in_stream(70, relation_message(1, "s", "t", 'd', {{"id", true}}))
      << in_stream(70, change_message('I', 1, tuple('N', {"loop"}))) << stream_stop_message()
      << stream_commit_message(70, 0x3100, 0x3130);
    CHECK(s.replayed() == "|");
    s << stream_commit_message(60, 0x3200, 0x3230);
    CHECK(s.replayed() == "b|");
}

TEST_CASE("streamed: a sign of life moves the position between parts, and not inside one") {
    Streaming s;
    s.part(50, true, {{50, "a"}});
    s.decoder.moved_to(0x2000, commit_time);
    CHECK(s.replayed() == "|");
    s << stream_start_message(50, false);
    s.decoder.moved_to(0x3000, commit_time);
    CHECK_FALSE(s.decoder.has_batch());
    s << stream_stop_message() << stream_commit_message(50, 0x4000, 0x4030);
    s.decoder.moved_to(0x5000, commit_time);
    CHECK(s.replayed() == "a|");
}

TEST_CASE("streamed: an error can be told to be of what is streamed") {
    Streaming s;
    const auto change = change_message('I', 7, tuple('N', {"of no table"}));
    s << begin_message(0x2000);
    CHECK_THROWS_WITH(s << change, Contains("was not described"));
    CHECK_FALSE(s.decoder.is_at_streamed());
    s.decoder.start({0x1000, 0});
    CHECK_THROWS_AS(s << stream_start_message(50, false), Error);
    CHECK(s.decoder.is_at_streamed());
    s.decoder.start({0x1000, 0});
    s << stream_start_message(50, true) << in_stream(50, change);
    CHECK_THROWS_AS(s << commit_message(0x2000, 0x2030), Error);
    CHECK(s.decoder.is_at_streamed());
    s << stream_stop_message() << stream_commit_message(50, 0x4000, 0x4030);
    CHECK_THROWS_WITH(s.decoder.replay(), Contains("was not described"));
    CHECK(s.decoder.is_at_streamed());
}

TEST_CASE("streamed: what makes no sense is refused") {
    Streaming s;
    CHECK_THROWS_AS(s << stream_stop_message(), Error);
    CHECK_THROWS_AS(s << stream_start_message(50, false), Error);
    s << stream_start_message(50, true);
    CHECK_THROWS_AS(s << stream_start_message(51, true), Error);
    CHECK_THROWS_AS(s << begin_message(0x2000), Error);
    s << stream_stop_message();
    CHECK_THROWS_AS(s << stream_start_message(50, true), Error);
    s << begin_message(0x2000);
    CHECK_THROWS_AS(s << stream_start_message(50, false), Error);
    CHECK_THROWS_AS(s << stream_commit_message(50, 0x4000, 0x4030), Error);
}

TEST_CASE("streamed: the server is asked what became of subtransactions that it said nothing of") {
    Streaming s;
    s.part(50, true, {{50, "a"}, {51, "b"}, {52, "c"}, {53, "d"}, {51, "e"}, {50, "f"}});
    s << stream_abort_message(50, 52);
    s.aborted = Xids{51};
    s << stream_commit_message(50, 0x4000, 0x4030);
    CHECK(s.asked == Xids{51, 53});
    CHECK(s.replayed() == "adf|");
    s.asked.clear();
    s.part(60, true, {{60, "a"}});
    s << stream_commit_message(60, 0x5000, 0x5030);
    CHECK(s.replayed() == "a|");
    CHECK(s.asked.empty());
    s.aborted.reset();
    s.part(70, true, {{71, "a"}});
    CHECK_THROWS_WITH(s << stream_commit_message(70, 0x6000, 0x6030), "too many clients");
}

TEST_CASE("streamed: the number of a transaction is completed by one that is near") {
    constexpr std::uint64_t epoch = std::uint64_t{1} << 32;
    CHECK(whole_xid(700, 1000) == 700);
    CHECK(whole_xid(700, 3 * epoch + 1000) == 3 * epoch + 700);
    CHECK(whole_xid(0xFFFFFFF0, 3 * epoch + 1000) == 2 * epoch + 0xFFFFFFF0);
    // What is going on may be ahead of what has been completed last.
    CHECK(whole_xid(1200, 3 * epoch + 1000) == 3 * epoch + 1200);
    CHECK(whole_xid(7, 3 * epoch - 10) == 3 * epoch + 7);
}

TEST_CASE("streamed: an older description counts for its own transaction alone") {
    Streaming s;
    const auto old_table = relation_message(1, "s", "t", 'd', {{"id", true}});
    const auto new_table = relation_message(1, "s", "t", 'd', {{"key", true}});
    // Of a subtransaction that is taken back, while another transaction goes on with the table.
    s << stream_start_message(50, true) << in_stream(51, old_table)
      << in_stream(51, change_message('I', 1, tuple('N', {"gone"}))) << stream_stop_message()
      << stream_abort_message(50, 51);
    s << new_table << begin_message(0x2000) << change_message('I', 1, tuple('N', {"x"}))
      << commit_message(0x2000, 0x2030);
    s << stream_commit_message(50, 0x3000, 0x3030);
    while (s.decoder.is_replaying()) s.decoder.replay();
    s << begin_message(0x4000) << change_message('I', 1, tuple('N', {"y"}))
      << commit_message(0x4000, 0x4030);
    CHECK(s.columns() == "key, key, ");
    // The rows of the older one are read by it.
    s.part(60, true, {{60, "a"}});
    s << new_table << stream_commit_message(60, 0x5000, 0x5030);
    while (s.decoder.is_replaying()) s.decoder.replay();
    s << begin_message(0x6000) << change_message('I', 1, tuple('N', {"z"}))
      << commit_message(0x6000, 0x6030);
    CHECK(s.columns() == "id, key, ");
    // What was described last is known from its commit on.
    s.part(70, true, {{70, "a"}});
    s << stream_commit_message(70, 0x7000, 0x7030);
    while (s.decoder.is_replaying()) s.decoder.replay();
    s << begin_message(0x8000) << change_message('I', 1, tuple('N', {"z"}))
      << commit_message(0x8000, 0x8030);
    CHECK(s.columns() == "id, id, ");
}

TEST_CASE("streamed: a stream that begins anew begins with nothing") {
    Streaming s;
    s.part(50, true, {{50, "a"}});
    s.decoder.start({0x1000, 0});
    s.part(50, true, {{50, "b"}});
    s << stream_commit_message(50, 0x4000, 0x4030);
    CHECK(s.replayed() == "b|");
}
