#include "lib/checkpoint/log_directory.hpp"

#include <unistd.h>

#include "test/unit/checkpoint/positions.hpp"

using namespace dts;

TEST_CASE("log directory: it is made where it is missing, and not for others to write") {
    const TemporaryDirectory folder;
    const LogDirectory directory(folder / "logs");
    const auto mode = std::filesystem::status(folder / "logs").permissions();
    CHECK((mode & std::filesystem::perms::others_all) == std::filesystem::perms::none);
    CHECK((mode & std::filesystem::perms::group_write) == std::filesystem::perms::none);
}

TEST_CASE("log directory: a second holder is refused with the first one named") {
    const TemporaryDirectory folder;
    std::optional<LogDirectory> first(folder.path());
    const auto error = thrown_by([&] { LogDirectory second(folder.path()); });
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::log_directory);
    char host[256] = {};
    REQUIRE(::gethostname(host, sizeof host - 1) == 0);
    CHECK_THAT(error->text(), Catch::Contains("pid " + std::to_string(::getpid())) &&
                                  Catch::Contains(host) && Catch::Contains("since 20"));
    CHECK_FALSE(error->hint().empty());

    first.reset();
    CHECK_NOTHROW(LogDirectory(folder.path()));
}

TEST_CASE("log directory: one that can not be made or written is an error with its name") {
    const TemporaryDirectory folder;
    write_text(folder / "file", "");
    const auto error = thrown_by([&] { LogDirectory directory(folder / "file/logs"); });
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::log_directory);
    CHECK_THAT(error->text(), Catch::Contains((folder / "file/logs").string()));
    CHECK(thrown_by([&] { LogDirectory directory("/proc/dts"); }));
}

TEST_CASE("log directory: the source is remembered, and another one is refused") {
    const TemporaryDirectory folder;
    {
        LogDirectory directory(folder.path());
        CHECK_FALSE(directory.identity().has_value());
        CHECK_NOTHROW(directory.require_identity("mysql 1"));
        directory.record_identity("mysql 1");
        directory.record_exactly_once_target("mysql 2 dts_metadata.task_position");
        directory.record_generation("position.log", 3);
    }
    LogDirectory directory(folder.path());
    CHECK(directory.identity() == "mysql 1");
    CHECK(directory.exactly_once_target() == "mysql 2 dts_metadata.task_position");
    CHECK(directory.generation_of("position.log") == 3);
    CHECK(directory.generation_of("finished.log") == 0);
    CHECK_NOTHROW(directory.require_identity("mysql 1"));
    const auto error = thrown_by([&] { directory.require_identity("mysql 7"); });
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::checkpoint);
    CHECK_THAT(error->text(), Catch::Contains("mysql 1") && Catch::Contains("mysql 7"));
    CHECK_FALSE(error->hint().empty());

    directory.record_exactly_once_target(std::nullopt);
    CHECK_FALSE(DirectoryState::read(folder.path()).exactly_once_target.has_value());
    CHECK_THROWS_AS(directory.record_identity("two\nlines"), Error);
}

TEST_CASE("log directory: any damage of the identity file is refused") {
    const TemporaryDirectory folder;
    LogDirectory(folder.path()).record_identity("mysql 1");
    each_damage(folder / "identity", [&](std::size_t, bool) {
        const auto error = thrown_by([&] { LogDirectory directory(folder.path()); });
        REQUIRE(error);
        CHECK(error->kind() == ErrorKind::checkpoint);
    });
    CHECK(LogDirectory(folder.path()).identity() == "mysql 1");
}
