#include "daemon/folder/task_conflicts.hpp"

#include <catch2/catch.hpp>

#include "daemon/folder/task_verdicts.hpp"
#include "test/unit/daemon/task_files.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

TaskClaims claims(const std::string& task) {
    TaskClaims claims;
    claims.task = task;
    claims.log_directory = "/log/" + task;
    claims.source = "10.0.0.1:3306";
    claims.target = "10.0.0.2:3306";
    claims.task_id = task;
    return claims;
}

/// The claims of an ini with these lines more.
TaskClaims claims_of_ini(const std::string& task, const std::string& more) {
    const IniFile ini = parse_ini(task_ini(7) + more, task + ".ini");
    return claims_of(make_task_config(ini, task, nullptr), ini, "/log/" + task);
}

}  // namespace

TEST_CASE("task conflicts: what two tasks would share is refused, with both names", "[daemon]") {
    TaskClaims a = claims("first"), b = claims("second");
    std::string shared;
    SECTION("nothing") {}
    SECTION("a log directory") {
        b.log_directory = a.log_directory, shared = "/log/first";
    }
    SECTION("a written log_dir") {
        a.written_log_dir = b.written_log_dir = "/data/logs", shared = "/data/logs";
    }
    SECTION("a server_id") {
        a.server_id = b.server_id = 2001, shared = "server_id 2001";
    }
    SECTION("a replication slot") {
        a.slot = b.slot = "dts_1", shared = "replication slot dts_1";
    }
    SECTION("a checkpoint") {
        b.task_id = a.task_id, shared = "task_id 'first'";
    }
    SECTION("a server_id on another source") {
        a.server_id = b.server_id = 2001, b.source = "10.0.0.9:3306";
    }
    SECTION("a slot on another source") {
        a.slot = b.slot = "s", b.source = "10.0.0.9:5432";
    }
    SECTION("a task_id on another target") {
        b.task_id = a.task_id, b.target = "10.0.0.9:3306";
    }

    const auto refused = find_conflicts({a, b});
    if (shared.empty()) {
        CHECK(refused.empty());
        return;
    }
    REQUIRE(refused.size() == 1);
    const std::string& message = refused.at("second");
    CHECK_THAT(message, Contains(shared) && Contains("task first") && Contains("task second") &&
                            Contains("HINT: "));
}

TEST_CASE("task conflicts: who is there first stays, whatever the names", "[daemon]") {
    TaskClaims z = claims("z"), a = claims("a");
    z.server_id = a.server_id = 5;
    CHECK(find_conflicts({z, a}).contains("a"));
    // A task does not stand in its own way: what it holds, and what it would hold.
    TaskClaims next = z;
    next.server_id = 6;
    CHECK(find_conflicts({z, next}).empty());
    // What a refused one would have taken is free for the third.
    TaskClaims b = claims("b");
    a.slot = b.slot = "s";
    CHECK(find_conflicts({z, a, b}).size() == 1);
}

TEST_CASE("task conflicts: one server under its usual names is one source", "[daemon]") {
    const auto source = [](const std::string& url) {
        return claims_of_ini("t", fmt::format("[extractor]\nurl={}\n", url)).source;
    };
    CHECK(source("mysql://u:p@localhost:3306") == source("mysql://u:p@127.0.0.1:3306"));
    CHECK(source("mysql://u:p@Db.Example:3306") == source("mysql://u:p@db.example:3306"));
    CHECK(source("mysql://u:p@127.0.0.1:3307") != source("mysql://u:p@127.0.0.1:3306"));
}

TEST_CASE("task conflicts: a log_dir that many inis have by habit is no claim", "[daemon]") {
    CHECK(claims_of_ini("t", "[runtime]\nlog_dir=./logs\n").written_log_dir.empty());
    CHECK(claims_of_ini("t", "[runtime]\nlog_dir=/data/./logs\n").written_log_dir == "/data/logs");
}

TEST_CASE("task conflicts: a folder of logs that is a link to another's is seen", "[daemon]") {
    TemporaryDirectory folder;
    std::filesystem::create_directory(folder / "a");
    std::filesystem::create_directory_symlink(folder / "a", folder / "b");
    const IniFile ini = parse_ini(task_ini(7), "t.ini");
    const TaskConfig config = make_task_config(ini, "t", nullptr);
    CHECK(claims_of(config, ini, folder / "a").log_directory ==
          claims_of(config, ini, folder / "b").log_directory);
}

TEST_CASE("task verdicts: a disabled task takes nothing", "[daemon]") {
    TaskFiles files;
    files.put("a", task_ini(5, "[global]\nenabled=false\n"));
    files.put("b", task_ini(5));
    files.put("c", task_ini(5));
    const JudgeOptions options{
        {}, WorkerEnvironment::ours, [](const std::string& task) { return "/log/" + task; }};
    const auto each = judge_each(read_task_folder(files.tasks(), ""), options);
    auto verdicts = judge_together(each, {}, {});
    CHECK(verdicts.at("a").problem == "");
    CHECK(verdicts.at("b").problem == "");
    CHECK_THAT(verdicts.at("c").problem, Contains("task b"));
    // A task that is known goes before one that is new.
    verdicts = judge_together(each, {}, {"c"});
    CHECK(verdicts.at("c").problem == "");
    CHECK_THAT(verdicts.at("b").problem, Contains("task c"));
    // And what runs before all.
    TaskClaims running = each.at("b").task.value().claims;
    verdicts = judge_together(each, {running}, {"c"});
    CHECK(verdicts.at("b").problem == "");
    CHECK_THAT(verdicts.at("c").problem, Contains("task b"));
}

TEST_CASE("task verdicts: one more ini is judged beside the others", "[daemon]") {
    TaskFiles files;
    files.put("a", task_ini(5));
    const JudgeOptions options{
        {}, WorkerEnvironment::ours, [](const std::string& task) { return "/log/" + task; }};
    const FolderContents contents = read_task_folder(files.tasks(), "");
    const auto problem = [&](const std::string& file, const std::string& text) {
        std::ofstream(files.folder / file) << text;
        return judge_one_more(contents, options, {}, files.folder / file).value_or("");
    };
    CHECK(problem("new.ini", task_ini(6)) == "");
    CHECK_THAT(problem("new.ini", task_ini(5)), Contains("task a"));
    CHECK(problem("a.ini", task_ini(5, "# another a\n")) == "");
    CHECK_THAT(problem("bad name.ini", task_ini(6)), Contains("bad name"));
    CHECK_THAT(problem("new.ini", "nonsense"), Contains("new.ini:1"));
}
