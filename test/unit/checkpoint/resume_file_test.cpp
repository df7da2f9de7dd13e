#include "lib/checkpoint/resume_file.hpp"

#include "lib/checkpoint/finished_log.hpp"
#include "test/unit/checkpoint/positions.hpp"

using namespace dts;

namespace {

ResumeFileReading read(const TemporaryDirectory& folder, const std::string& content) {
    write_text(folder / "resume.config", content);
    return read_resume_file(folder / "resume.config", codecs());
}

}  // namespace

TEST_CASE("resume file: the golden one is read whole") {
    const auto reading = read_resume_file("test/golden/resume.config", codecs());
    CHECK(reading.warnings.empty());
    REQUIRE(reading.last("MysqlCdc") != nullptr);
    CHECK(offset_of(reading.last("MysqlCdc")->record.position) == 73685);
    CHECK(reading.snapshot_positions().count({"mysql", "test_db", "a"}) == 1);
    CHECK(reading.finished_tables() == std::set<SnapshotTable>{{"mysql", "test_db", "d"}});
}

TEST_CASE("resume file: time, kind or both may be missing; the last record wins") {
    const TemporaryDirectory folder;
    const auto line = GENERATE(as<std::string>{}, "", "checkpoint_position | ",
                               "| checkpoint_position | ", "2024-10-18 05:21:45.207788 | ",
                               "2024-10-18 05:21:45.207788 | checkpoint_position | ", "  ");
    const auto end = GENERATE(as<std::string>{}, "", "\n", "\r\n", "\n\n# a note\n");
    const auto reading = read(folder, at(100)->to_json() + "\n" + line + at(200)->to_json() + end);
    REQUIRE(reading.last("MysqlCdc") != nullptr);
    CHECK(offset_of(reading.last("MysqlCdc")->record.position) == 200);
    CHECK(reading.last("MysqlCdc")->number == 2);
    CHECK(reading.last("PgCdc") == nullptr);
}

TEST_CASE("resume file: a record of the kind a source does not resume from is not its last") {
    const TemporaryDirectory folder;
    const auto reading =
        read(folder, at(100)->to_json() + "\ncurrent_position | " + at(200)->to_json() + "\n");
    CHECK(offset_of(reading.last("MysqlCdc")->record.position) == 100);
}

TEST_CASE("resume file: an unreadable line is told; as the last word it is refused") {
    const TemporaryDirectory folder;
    const auto good = at(100)->to_json() + "\n";
    const auto before = read(folder, "# note\n\nnonsense {}\n" + good);
    REQUIRE(before.warnings.size() == 1);
    CHECK_THAT(before.warnings[0], Catch::Contains("resume.config, line 3"));
    CHECK(offset_of(before.last("MysqlCdc")->record.position) == 100);

    const auto content =
        GENERATE_COPY(good + "nonsense\n", good + good.substr(0, 60),
                      std::string("checkpoint_positio | ") + good, std::string("nonsense"));
    const auto reading = read(folder, content);
    const auto error = thrown_by([&] { reading.last("MysqlCdc"); });
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::checkpoint);
    CHECK_THAT(error->text(), Catch::Contains("resume.config, line "));
}

TEST_CASE("resume file: an unknown type is an error, a missing file is told") {
    const TemporaryDirectory folder;
    const auto error = thrown_by([&] { read(folder, "{\"type\":\"OracleCdc\"}\n"); });
    REQUIRE(error);
    CHECK_THAT(error->text(), Catch::Contains("line 1") && Catch::Contains("MysqlCdc"));
    const auto reading = read_resume_file(folder / "none", codecs());
    CHECK(reading.is_missing);
    CHECK(reading.last("MysqlCdc") == nullptr);
}

TEST_CASE("finished log: tables and the end of the task are written and read back") {
    const TemporaryDirectory folder;
    std::filesystem::copy("test/golden/finished.log", folder / "finished.log");
    CHECK(read_finished_log(folder.path(), codecs()).tables.size() == 2);
    {
        LogDirectory directory(folder.path());
        FinishedLog log(directory);
        log.table_finished({"mysql", "test_db", "c|{}"});
        CHECK_FALSE(read_finished_log(folder.path(), codecs()).is_task_finished);
        log.task_finished();
    }
    const auto reading = read_finished_log(folder.path(), codecs());
    CHECK(reading.tables == std::set<SnapshotTable>{{"mysql", "test_db", "a"},
                                                    {"mysql", "test_db", "b"},
                                                    {"mysql", "test_db", "c|{}"}});
    CHECK(reading.is_task_finished);
    CHECK(reading.warnings.empty());
    CHECK_THAT(read_text(folder / "finished.log"), Catch::EndsWith(" | task finished\n"));
}

TEST_CASE("finished log: damage may forget a table, never invent one or the end") {
    const TemporaryDirectory folder;
    {
        LogDirectory directory(folder.path());
        FinishedLog log(directory);
        log.table_finished({"mysql", "test_db", "a"});
        log.table_finished({"mysql", "test_db", "b"});
    }
    const std::set<SnapshotTable> written{{"mysql", "test_db", "a"}, {"mysql", "test_db", "b"}};
    for (const auto* name : {"finished.log", "finished.log.sum"})
        each_damage(folder / name, [&](std::size_t, bool) {
            const auto reading = read_finished_log(folder.path(), codecs());
            CHECK(std::includes(written.begin(), written.end(), reading.tables.begin(),
                                reading.tables.end()));
            CHECK_FALSE(reading.is_task_finished);
        });
}
