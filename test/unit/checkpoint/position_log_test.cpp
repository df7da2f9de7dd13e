#include "lib/checkpoint/position_log.hpp"

#include "lib/checkpoint/checksum_sidecar.hpp"
#include "lib/position/no_position.hpp"
#include "test/unit/checkpoint/positions.hpp"

using namespace dts;

namespace {

/// A directory whose position log holds pairs at 100, 200, ... up to the last one.
void write_log(const std::filesystem::path& path, std::uint64_t last) {
    LogDirectory directory(path);
    directory.record_identity("mysql 1");
    PositionLog log(directory);
    log.start_at(at(100), codecs());
    for (std::uint64_t offset = 200; offset <= last; offset += 100)
        log.append(at(offset + 5), at(offset));
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

bool mentions(const std::vector<std::string>& warnings, std::string_view text) {
    return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& warning) {
        return warning.find(text) != std::string::npos;
    });
}

}  // namespace

TEST_CASE("position log: a pair is the current then the checkpoint record, in the exact format") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 200);
    const auto lines = lines_of(folder / "position.log");
    REQUIRE(lines.size() == 4);
    CHECK_THAT(lines[2],
               Catch::Matches(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} \| current_position )"
                              R"(\| \{"type":"MysqlCdc".*"next_event_position":205,.*\})"));
    CHECK_THAT(lines[3], Catch::EndsWith(" | checkpoint_position | " + at(200)->to_json()));
    CHECK(lines[2].substr(0, 26) == lines[3].substr(0, 26));
}

TEST_CASE("position log: the checkpoint of the last pair wins") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 300);
    const auto reading = read_log(folder.path());
    CHECK(offset_of(reading.position) == 300);
    CHECK(reading.warnings.empty());
    CHECK_THAT(reading.place, Catch::Contains("position.log, byte "));
}

TEST_CASE("position log: nothing was there and nothing is expected in a new directory") {
    const TemporaryDirectory folder;
    const LogDirectory directory(folder / "new");
    const auto reading = read_log(directory.path());
    CHECK(reading.position == nullptr);
    CHECK_FALSE(reading.expected);
    CHECK_FALSE(read_log(folder / "not there").expected);
}

TEST_CASE("position log: a checkpoint never goes back, nor to none") {
    const TemporaryDirectory folder;
    LogDirectory directory(folder.path());
    PositionLog log(directory);
    log.start_at(at(100), codecs());
    log.append(at(200), at(200));
    const auto before = read_text(folder / "position.log");
    const auto back = thrown_by([&] { log.append(at(300), at(150)); });
    REQUIRE(back);
    CHECK(back->kind() == ErrorKind::bug);
    CHECK(thrown_by([&] { log.append(at(300), std::make_shared<NoPosition>()); }));
    CHECK(read_text(folder / "position.log") == before);
    log.append(at(300), at(200));  // the same one again is fine: a large transaction goes on
    CHECK(offset_of(read_log(folder.path()).position) == 200);
}

TEST_CASE("position log: a MariaDB domain goes on with another server's lower number") {
    const TemporaryDirectory folder;
    LogDirectory directory(folder.path());
    PositionLog log(directory);
    const auto with_gtid = [](std::uint64_t offset, std::string set) {
        auto position = std::make_shared<MysqlPosition>();
        position->binlog_filename = "mysql-bin.000004";
        position->next_event_position = offset;
        position->gtid_set = std::move(set);
        return position;
    };
    log.start_at(with_gtid(100, "0-5-100000"), codecs());
    const auto lower = with_gtid(200, "0-6-20000");
    log.append(lower, lower);
    CHECK(offset_of(read_log(folder.path()).position) == 200);
    const auto back = with_gtid(300, "0-6-19999");
    CHECK(thrown_by([&] { log.append(back, back); })->kind() == ErrorKind::bug);
}

TEST_CASE("position log: a start that does not follow the log ends what was recorded before") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 900);
    {
        LogDirectory directory(folder.path());
        PositionLog(directory).start_at(at(500), codecs());
    }
    CHECK(offset_of(read_log(folder.path()).position) == 500);
    SECTION("even when its own record is damaged: a later position must not win") {
        each_damage(folder / "position.log", [&](std::size_t, bool) {
            const auto offset = offset_or_refusal(folder.path());
            CHECK((offset == 0 || offset == 500));
        });
        each_damage(folder / "position.log.sum", [&](std::size_t, bool) {
            const auto offset = offset_or_refusal(folder.path());
            CHECK((offset == 0 || offset == 500));
        });
    }
}

TEST_CASE("position log: damage of any byte leaves an older record, the same, or a refusal") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 300);
    const auto pair_bytes = read_text(folder / "position.log").size() / 3;
    std::size_t older = 0;
    std::size_t refused = 0;
    each_damage(folder / "position.log", [&](std::size_t byte, bool is_cut) {
        const auto offset = offset_or_refusal(folder.path());
        const auto pair = byte / pair_bytes;  // the one that is hit
        if (is_cut)
            CHECK(offset == pair * 100);
        else
            CHECK(offset == (pair == 2 ? 200 : 300));
        older += offset == 100 || offset == 200;
        refused += offset == 0;
    });
    CHECK(older > 0);
    CHECK(refused > 0);
    CHECK(offset_of(read_log(folder.path()).position) == 300);
}

TEST_CASE("position log: damage of any byte of its checksums is no better and no worse") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 300);
    each_damage(folder / "position.log.sum", [&](std::size_t byte, bool is_cut) {
        const auto offset = offset_or_refusal(folder.path());
        if (byte < SidecarHeader::bytes) {
            CHECK(offset == 0);
            return;
        }
        const auto entry = (byte - SidecarHeader::bytes) / SidecarEntry::bytes;
        if (is_cut)
            CHECK(offset == entry * 100);
        else
            CHECK(offset == (entry == 2 ? 200 : 300));
    });
}

TEST_CASE("position log: a damaged identity file is refused") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 300);
    each_damage(folder / "identity",
                [&](std::size_t, bool) { CHECK(offset_or_refusal(folder.path()) == 0); });
    CHECK(offset_or_refusal(folder.path()) == 300);
}

TEST_CASE("position log: a state file that is gone is no first start") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 300);
    SECTION("the log") {
        std::filesystem::remove(folder / "position.log");
        CHECK(offset_or_refusal(folder.path()) == 0);
        CHECK(mentions(read_log(folder.path()).warnings, "is gone"));
    }
    SECTION("its checksums") {
        std::filesystem::remove(folder / "position.log.sum");
        CHECK(offset_or_refusal(folder.path()) == 0);
        CHECK(mentions(read_log(folder.path()).warnings, "lost its checksums"));
    }
    SECTION("the identity: the log is read, but whose it is is not known") {
        std::filesystem::remove(folder / "identity");
        CHECK(offset_or_refusal(folder.path()) == 300);
        CHECK(thrown_by([&] { require_source(folder.path(), "mysql 1"); }));
    }
}

TEST_CASE("position log: after any damage a task can go on from what was found") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 300);
    const TemporaryDirectory copies;
    int round = 0;
    const auto go_on = [&](std::size_t byte, bool) {
        if (byte % 23 != 0) return;
        const auto copy = copies / std::to_string(++round);
        std::filesystem::copy(folder.path(), copy);
        const auto found = std::max<std::uint64_t>(offset_or_refusal(copy), 100);
        LogDirectory directory(copy);
        PositionLog log(directory);
        log.start_at(at(found), codecs());
        CHECK(offset_of(read_log(copy).position) == found);
        log.append(at(found + 1), at(found + 1));
        const auto reading = read_log(copy);
        CHECK(offset_of(reading.position) == found + 1);
        CHECK(reading.warnings.empty());
    };
    each_damage(folder / "position.log", go_on);
    each_damage(folder / "position.log.sum", go_on);
    CHECK(round > 200);
}

TEST_CASE("position log: what follows a torn line begins a line of its own") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 300);
    const auto whole = read_text(folder / "position.log");
    write_text(folder / "position.log", whole.substr(0, whole.size() - 20));
    const auto reading = read_log(folder.path());
    CHECK(offset_of(reading.position) == 200);
    CHECK(mentions(reading.warnings, "unfinished or cut"));
    {
        LogDirectory directory(folder.path());
        PositionLog log(directory);
        log.start_at(at(200), codecs());
    }
    for (const auto& line : lines_of(folder / "position.log")) {
        CAPTURE(line);
        CHECK(line.find("{\"type\"") == line.rfind("{\"type\""));
        CHECK(line.back() == '}');
    }
    CHECK(offset_of(read_log(folder.path()).position) == 200);
}

TEST_CASE("position log: lines that somebody put behind the last checksum are told and not used") {
    const TemporaryDirectory folder;
    write_log(folder.path(), 300);
    write_text(folder / "position.log", read_text(folder / "position.log") + foreign_line(900));
    const auto reading = read_log(folder.path());
    CHECK(offset_of(reading.position) == 300);
    CHECK(mentions(reading.warnings, "has no checksum"));
}

TEST_CASE("position log: one from elsewhere is used as it is, and gets checksums from then on") {
    const TemporaryDirectory folder;
    write_text(folder / "position.log", foreign_line(100) + foreign_line(200));
    CHECK(offset_of(read_log(folder.path()).position) == 200);
    {
        LogDirectory directory(folder.path());
        PositionLog log(directory);
        log.start_at(at(200), codecs());
        log.append(at(300), at(300));
    }
    CHECK(lines_of(folder / "position.log").size() == 6);
    CHECK(offset_of(read_log(folder.path()).position) == 300);
    const auto adopted = (foreign_line(100) + foreign_line(200)).size();
    each_damage(folder / "position.log", [&](std::size_t byte, bool is_cut) {
        const auto offset = offset_or_refusal(folder.path());
        if (!is_cut && byte < adopted) CHECK(offset == 300);
        if (is_cut && byte == adopted) CHECK(offset == 200);
        CHECK((offset == 0 || offset == 100 || offset == 200 || offset == 300));
    });
}

TEST_CASE("position log: of one from elsewhere a torn last line is skipped and said once") {
    const TemporaryDirectory folder;
    auto torn = foreign_line(300);
    torn.pop_back();
    write_text(folder / "position.log", foreign_line(100) + foreign_line(200) + torn);
    const auto reading = read_log(folder.path());
    CHECK(offset_of(reading.position) == 200);
    REQUIRE(reading.warnings.size() == 1);
    CHECK_THAT(reading.warnings[0], Catch::Contains("is torn"));
    {
        LogDirectory directory(folder.path());
        PositionLog(directory).start_at(at(200), codecs());
    }
    CHECK(offset_of(read_log(folder.path()).position) == 200);
    CHECK(lines_of(folder / "position.log").size() == 4);
}

TEST_CASE("position log: other unreadable lines are told with their place, and older ones win") {
    const TemporaryDirectory folder;
    auto damaged = foreign_line(300);
    damaged[damaged.find("next_event")] = 'm';
    write_text(folder / "position.log", foreign_line(200) + damaged + "\n" + "garbage\n");
    const auto reading = read_log(folder.path());
    CHECK(offset_of(reading.position) == 200);
    REQUIRE(reading.warnings.size() == 2);
    CHECK_THAT(reading.warnings[1],
               Catch::Contains("position.log, byte ") && Catch::Contains("next_event_position"));
}

TEST_CASE("position log: one with content but no usable record is expected to hold one") {
    const TemporaryDirectory folder;
    const auto content =
        GENERATE(as<std::string>{}, "garbage\n", "garbage",
                 "2024-10-10 04:04:08.152181 | checkpoint_position | "
                 "{\"type\":\"None\"}\n",
                 "2024-10-10 09:09:52.260052 | checkpoint_position | "
                 "{\"type\":\"PgCdc\",\"lsn\":\"0/406E2C30\",\"timestamp\":\"\"}\n");
    write_text(folder / "position.log", content);
    const auto reading = read_log(folder.path());
    CHECK(reading.position == nullptr);
    CHECK(reading.expected);
}

TEST_CASE("position log: an unknown type is an error that names the place and the known ones") {
    const TemporaryDirectory folder;
    write_text(folder / "position.log", foreign_line(200) +
                                            "2024-10-10 08:01:09.308022 | checkpoint_position | "
                                            "{\"type\":\"OracleCdc\",\"scn\":5}\n");
    const auto error = thrown_by([&] { read_log(folder.path()); });
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::checkpoint);
    CHECK_THAT(error->text(), Catch::Contains("position.log, byte ") &&
                                  Catch::Contains("OracleCdc") && Catch::Contains("MysqlCdc"));
}

TEST_CASE("position log: the current record is not what a MySQL task resumes from") {
    const TemporaryDirectory folder;
    write_text(folder / "position.log", foreign_line(200) +
                                            "2024-10-10 08:01:09.308022 | current_position | " +
                                            at(300)->to_json() + "\n");
    CHECK(offset_of(read_log(folder.path()).position) == 200);
}

TEST_CASE("position log: the golden log gives each source its own record") {
    const TemporaryDirectory folder;
    std::filesystem::copy("test/golden/position.log", folder / "position.log");
    CHECK(offset_of(read_log(folder.path()).position) == 50865);
    const auto json = [&](std::string_view type) {
        return read_position_log(folder.path(), codecs(), type).position->to_json();
    };
    CHECK_THAT(json("PgCdc"), Catch::Contains("0/406E2C30"));
    CHECK_THAT(json("MongoCdc"), Catch::Contains("8267079350000000012B"));
    const auto snapshot = read_snapshot_positions(folder.path(), codecs());
    REQUIRE(snapshot.positions.size() == 1);
    CHECK(snapshot.positions.begin()->first == SnapshotTable{"mysql", "test_db", "b"});
}

TEST_CASE("position log: a large one from elsewhere is read at its end only") {
    const TemporaryDirectory folder;
    write_text(folder / "position.log", "");
    std::filesystem::resize_file(folder / "position.log", 64 << 20);
    std::ofstream(folder / "position.log", std::ios::app) << '\n'
                                                          << foreign_line(200) << foreign_line(300);
    const auto reading = read_log(folder.path());
    CHECK(offset_of(reading.position) == 300);
    CHECK(reading.bytes_read < 100'000);
}

TEST_CASE("position log: a large one of ours is read at its end only") {
    const TemporaryDirectory folder;
    const auto pair = "2024-10-10 08:01:09.308022 | current_position | " + at(300)->to_json() +
                      "\n" + foreign_line(300);
    write_text(folder / "position.log", "");
    std::filesystem::resize_file(folder / "position.log", 64 << 20);
    std::ofstream(folder / "position.log", std::ios::app) << pair;
    std::string sums = SidecarHeader{1, 0}.text();
    for (std::uint64_t i = 0; i < 100'000; ++i) sums += entry_of(i * pair.size(), pair).text();
    write_text(folder / "position.log.sum", sums + entry_of(64 << 20, pair).text());
    const auto reading = read_log(folder.path());
    CHECK(offset_of(reading.position) == 300);
    CHECK(reading.bytes_read < 10'000);
    CHECK(reading.warnings.empty());
}
