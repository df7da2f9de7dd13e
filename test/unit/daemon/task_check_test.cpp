#include "daemon/folder/task_check.hpp"

#include <catch2/catch.hpp>

#include "daemon/folder/task_verdicts.hpp"
#include "lib/base/error.hpp"
#include "lib/task/task.hpp"
#include "test/unit/daemon/task_files.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

/// What is wrong with it; "" when nothing is.
std::string verdict_of_worker(const std::string& text, const std::string& defaults) {
    try {
        const IniFile ini = parse_ini(text, "t.ini");
        const IniFile below = parse_ini(defaults, "dts.conf");
        TaskConfig config = make_task_config(ini, "t", &below);
        const Task task(std::move(config));
        return "";
    } catch (const Error& error) {
        return error.what();
    }
}

CheckedTask check(const std::string& text, const std::string& defaults = "",
                  WorkerEnvironment environment = WorkerEnvironment::ours) {
    const IniFile below = parse_ini(defaults, "dts.conf");
    return check_task(parse_ini(text, "t.ini"), "t", &below, environment, "/log/t");
}

std::string verdict_of_daemon(const std::string& text, const std::string& defaults) {
    try {
        check(text, defaults);
        return "";
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("task check: the daemon's verdict is the worker's own", "[daemon]") {
    const std::string good = task_ini(1);
    const std::pair<std::string, std::string> cases[] = {
        {good, ""},
        {good, "[resumer]\nresume_from_log=true\n"},
        {good, "[resumer]\nresume_from_lug=true\n"},
        {"", ""},
        {"garbage", ""},
        {good + "[sinker]\nbatch_size=0\n", ""},
        {good + "[filter]\ndo_tbs=no_dot\n", ""},
        {good + "[filter]\ndo_events=insert,vanish\n", ""},
        {good + "[filter]\nignore_cols=json:[{\"db\":1}]\n", ""},
        {good + "[router]\ntb_map=a.b\n", ""},
        {good + "[router]\ndb_map=a*:b\n", ""},
        {good + "[router]\ncol_map=json:nothing\n", ""},
        {good + "[extractor]\npassword_file=/nonexistent\n", ""},
        {good + "[extractor]\npassword_file=${DTS_NO_SUCH_VARIABLE}/x\n", ""},
        {good + "[extractor]\ndb_type=pg\n", ""},
        {good + "[global]\nenabled=maybe\n", ""}};
    int refused = 0;
    for (const auto& [text, defaults] : cases) {
        const std::string expected = verdict_of_worker(text, defaults);
        CHECK(verdict_of_daemon(text, defaults) == expected);
        refused += expected.empty() ? 0 : 1;
    }
    CHECK(refused == 14);
}

TEST_CASE("task check: the fingerprint is of what is in force, and of nothing else", "[daemon]") {
    const std::string good = task_ini(1);
    const std::string fingerprint = check(good).fingerprint;
    CHECK(check("# a comment\n" + good + "\n\n").fingerprint == fingerprint);
    CHECK(check(good + "[global]\nenabled=false\n").fingerprint == fingerprint);
    CHECK(check(good, "[extractor]\nserver_id=7\n").fingerprint == fingerprint);
    CHECK(check(task_ini(2)).fingerprint != fingerprint);
    CHECK(check(good, "[sinker]\nbatch_size=7\n").fingerprint != fingerprint);
    CHECK(check(good + "[sinker]\nbatch_size=7\n").fingerprint ==
          check(good, "[sinker]\nbatch_size=7\n").fingerprint);
    CHECK(fingerprint.find("secret") == std::string::npos);
}

TEST_CASE("task check: a password that only systemd hands over is not missed", "[daemon]") {
    std::string text = task_ini(1, "[extractor]\npassword_file=${DTS_NO_SUCH_VARIABLE}/pw\n");
    text.replace(text.find("u:secret@"), 9, "u@");
    CHECK_THROWS_WITH(check(text), Contains("DTS_NO_SUCH_VARIABLE"));
    CHECK_NOTHROW(check(text, "", WorkerEnvironment::theirs));
    // Everything else is judged as ever.
    CHECK_THROWS(check(text + "[sinker]\nbatch_size=0\n", "", WorkerEnvironment::theirs));
    CHECK_THROWS(
        check(text + "[sinker]\nurl=mysql://u@127.0.0.1:3307\npassword_file=/nonexistent\n", "",
              WorkerEnvironment::theirs));
}

TEST_CASE("task verdicts: broken defaults keep every ini from being used", "[daemon]") {
    TaskFiles files;
    files.put("a", task_ini(1));
    const JudgeOptions options{files.defaults(), WorkerEnvironment::ours,
                               [](const std::string& task) { return "/log/" + task; }};
    CHECK_THAT(
        judge_each(read_task_folder(files.tasks(), files.defaults()), options).at("a").problem,
        Contains("there is no such file"));
    files.put_defaults("[resumer]\nnonsense=1\n");
    CHECK_THAT(
        judge_each(read_task_folder(files.tasks(), files.defaults()), options).at("a").problem,
        Contains("dts.conf:2"));
    files.put_defaults("[resumer]\nresume_from_log=true\n");
    const auto verdicts = judge_each(read_task_folder(files.tasks(), files.defaults()), options);
    CHECK(verdicts.at("a").problem == "");
    CHECK(verdicts.at("a").task.value().config.resumer.resume_from == ResumeFrom::log);
}
