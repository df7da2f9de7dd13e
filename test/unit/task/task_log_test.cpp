#include "lib/task/task_log.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/temporary_directory.hpp"

using namespace dts;

TEST_CASE("task log: a file that was moved away is made anew, and no line is lost") {
    const TemporaryDirectory folder;
    TaskLog log(folder.path(), LogSeverity::info);
    log.info("first");
    log.monitor("lag_seconds=0");
    std::filesystem::rename(folder / "default.log", folder / "default.log.1");
    std::filesystem::remove(folder / "monitor.log");
    log.info("second");
    log.monitor("lag_seconds=1");

    CHECK_THAT(read_text(folder / "default.log.1"), Catch::EndsWith(" - first\n"));
    const std::string now = read_text(folder / "default.log");
    CHECK_THAT(now, Catch::Contains(" - INFO - [") && Catch::EndsWith(" - second\n"));
    CHECK(now.find("first") == std::string::npos);
    CHECK_THAT(read_text(folder / "monitor.log"), Catch::EndsWith(" | lag_seconds=1\n"));
}

TEST_CASE("task log: where no new file can be made, the moved one is written on to") {
    const TemporaryDirectory folder;
    std::filesystem::create_directory(folder / "logs");
    TaskLog log(folder / "logs", LogSeverity::info);
    log.info("first");
    std::filesystem::rename(folder / "logs", folder / "away");
    log.info("second");
    CHECK_THAT(read_text(folder.path() / "away" / "default.log"),
               Catch::Contains("first") && Catch::EndsWith(" - second\n"));
}

TEST_CASE("task log: a folder that is not there is an error of the log directory") {
    const TemporaryDirectory folder;
    CHECK_THROWS_WITH(TaskLog(folder / "none", LogSeverity::info),
                      Catch::Contains("opening default.log and monitor.log"));
}
