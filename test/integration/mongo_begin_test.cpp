// MongoDB: a task that begins at a given time, what it says of collections that it cannot keep
// equal, and one whose cursor the server takes away.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <ctime>

#include "test/servers/mongo_pair.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("mongo: start_timestamp: from that second on, and nothing before it", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    e.source->insert_json("s", "t", R"({"_id":1})");
    // The next second: positions are told apart by it.
    const auto begin = std::time(nullptr) + 2;
    int id = 1;
    while (std::time(nullptr) < begin)
        e.source->insert_json("s", "noise", fmt::format(R"({{"_id":{}}})", ++id));
    e.source->insert_json("s", "t", R"({"_id":2})");
    TaskIni ini = e.ini(stream);
    ini.set("extractor", "start_timestamp", std::to_string(begin));
    WorkerProcess worker(ini, e.folder.path());
    worker.wait_for_line("MongoCdcExtractor starts");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.target->documents("s", "t").size() == 1);
    CHECK(differences(*e.source, *e.target, "s", "t") != "");
}

TEST_CASE("mongo: a cursor that the server takes away: the task goes on where it was", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    const int code = GENERATE(43, 189);
    CAPTURE(stream, code);
    MongoPair e;
    if (!e.source_server) return skip("a real server has no faults to ask for");
    WorkerProcess worker(e.ini(stream), e.folder.path());
    worker.wait_for_line("MongoCdcExtractor starts");
    e.source->insert_json("s", "t", R"({"_id":1})");
    e.arrive(worker);
    e.source_server->command(
        "admin", fmt::format(R"({{"configureFailPoint":"failCommand","mode":{{"times":1}},)"
                             R"("data":{{"failCommands":["getMore"],"errorCode":{}}}}})",
                             code));
    e.source->insert_json("s", "t", R"({"_id":2})");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
    CHECK(count(worker.default_log(), "MongoCdcExtractor starts") == 2);
}

TEST_CASE("mongo: capped and time-series collections are told of at the start", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    e.source->run("s", R"({"create":"ring","capped":true,"size":4096})");
    e.source->run("s", R"({"create":"weather","timeseries":{"timeField":"at"}})");
    e.source->run("s3", R"({"create":"not_ours","capped":true,"size":4096})");
    WorkerProcess worker(e.ini(stream), e.folder.path());
    worker.wait_for_line("MongoCdcExtractor starts");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    const std::string log = worker.default_log();
    CHECK(count(log, R"("s"."ring" is a capped collection: what falls out of it at the source )"
                     "stays in the target") == 1);
    CHECK(count(log, R"("s"."weather" is a time-series collection, which can not be followed)") ==
          1);
    CHECK(count(log, "not_ours") == 0);
}
