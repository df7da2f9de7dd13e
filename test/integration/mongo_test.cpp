// MongoDB to MongoDB, both ways to follow it: documents compared byte for byte, where a task starts
// and resumes, what it says, and what it refuses.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/servers/mongo_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

namespace {

std::string update_of(std::string_view id, std::string_view update) {
    return fmt::format(R"({{"update":"t","updates":[{{"q":{{"_id":{}}},"u":{}}}]}})", id, update);
}

std::string delete_of(std::string_view id) {
    return fmt::format(R"({{"delete":"t","deletes":[{{"q":{{"_id":{}}},"limit":1}}]}})", id);
}

std::string insert_of(std::string_view document) {
    return fmt::format(R"({{"insert":"t","documents":[{}]}})", document);
}

void start(WorkerProcess& worker) {
    worker.wait_for_line("MongoCdcExtractor starts");
}

}  // namespace

TEST_CASE("mongo: inserts, updates, replacements and deletes arrive byte for byte", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    WorkerProcess worker(e.ini(stream), e.folder.path());
    worker.wait_for_line(R"(starts from: {"type":"MongoCdc","resume_token":")");
    const auto line = worker.wait_for_line("MongoCdcExtractor starts");
    CHECK_THAT(line, Contains(" - MongoCdcExtractor starts, source: " + stream + ", "));
    auto& source = *e.source;
    source.insert_json("s", "t",
                       R"({"_id":1,"b":1,"a":{"x":[1,2,3],"y":{"z":1}},"l":[{"k":1},{"k":2}]})");
    source.run("s",
               update_of("1", R"({"$set":{"a.y.z":2,"n":"new","l.1.k":{"$numberLong":"7"}}})"));
    source.run("s", update_of("1", R"({"$push":{"a.x":4},"$unset":{"b":1}})"));
    source.run("s", update_of("1", R"({"$set":{"a.x.1":null}})"));
    source.run("s", insert_of(R"({"_id":2,"v":"to be replaced"})"));
    source.run("s", update_of("2", R"({"other":true,"d":{"$numberDecimal":"1.10"}})"));
    source.run("s", insert_of(R"({"_id":3})"));
    source.run("s", delete_of("3"));
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(source, *e.target, "s", "t") == "");
    CHECK(e.target->documents("s", "t").size() == 2);
    const auto record = last_record(e.log_folder(), "current_position");
    CHECK_THAT(record, StartsWith(R"({"type":"MongoCdc","resume_token":")"));
    CHECK(record == e.target->checkpoint_field("position_data"));
    CHECK(json_field(record, "resume_token").empty() == (stream == "op_log"));
}

TEST_CASE("mongo: an _id of any type, texts that are no UTF-8, names with dots and dollars",
          "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    WorkerProcess worker(e.ini(stream), e.folder.path());
    start(worker);
    auto& source = *e.source;
    for (const char* id :
         {"1", R"({"$numberLong":"5000000000"})", R"({"$numberDouble":"1.5"})",
          R"({"$numberDecimal":"2.50"})", "\"text\"", R"({"$oid":"58a4eb4a30c75625e00d2820"})",
          "true", "null", R"({"$date":{"$numberLong":"1651257835160"}})",
          R"({"a":1,"b":{"c":"d"}})", R"({"$binary":{"base64":"AQID","subType":"00"}})",
          R"({"$timestamp":{"t":7,"i":8}})", R"({"$minKey":1})"}) {
        source.run("s", insert_of(fmt::format(R"({{"_id":{},"n":0}})", id)));
        source.run("s", update_of(id, R"({"$set":{"n":1}})"));
    }
    BsonWriter odd;
    odd.text("_id", "odd").text("\xff", "\xc3\x28").text("a.b", "dot").int32("n", 0);
    source.insert("s", "t", {odd.take()});
    source.run("s", update_of("\"odd\"", R"({"$set":{"n":1}})"));
    source.run("s", delete_of(R"({"$numberDouble":"1.0"})"));
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(source, *e.target, "s", "t") == "");
    CHECK(e.target->documents("s", "t").size() == 13);
}

TEST_CASE("mongo: a killed worker goes on exactly there, by the target's checkpoint", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    {
        WorkerProcess worker(e.ini(stream), e.folder.path());
        start(worker);
        e.source->run("s", insert_of(R"({"_id":1,"n":1})"));
        e.arrive(worker);
        worker.kill();
        worker.wait_for_exit();
    }
    e.source->run("s", update_of("1", R"({"$inc":{"n":1}})"));
    e.source->run("s", insert_of(R"({"_id":2})"));
    const auto checkpoint = e.target->checkpoint_field("position_data");
    WorkerProcess worker(e.ini(stream), e.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith("resume from: " + checkpoint));
    start(worker);
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
}

TEST_CASE("mongo: resume from position.log alone, the last second again", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    TaskIni ini = e.ini(stream);
    ini.set("pipeline", "exactly_once", "false");
    {
        WorkerProcess worker(ini, e.folder.path());
        start(worker);
        e.source->run("s", insert_of(R"({"_id":1,"l":[1,2,3],"o":{"x":1}})"));
        e.source->run("s", update_of("1", R"({"$push":{"l":4}})"));
        e.source->run("s", update_of("1", R"({"$set":{"o":5}})"));
        e.source->run("s", update_of("1", R"({"$set":{"l":{"0":"no array"}}})"));
        CHECK(e.arrive_and_stop(worker) == "exit code 0");
    }
    const auto record = last_record(e.log_folder(), "current_position");
    e.source->run("s", insert_of(R"({"_id":2})"));
    WorkerProcess worker(ini, e.folder.path());
    CHECK_THAT(worker.wait_for_line("resume from: "), EndsWith("resume from: " + record));
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
    CHECK(e.target->documents("dts_metadata", "task_position").empty());
}

TEST_CASE("mongo: transactions arrive whole, also those larger than a group", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    e.source->run("s", R"({"create":"t"})");
    TaskIni ini = e.ini(stream);
    ini.set("pipeline", "buffer_size", "8");
    WorkerProcess worker(ini, e.folder.path());
    start(worker);
    std::vector<std::pair<std::string, std::string>> commands;
    for (int i = 0; i < 50; ++i)
        commands.emplace_back("s", insert_of(fmt::format(R"({{"_id":{},"v":"x"}})", i)));
    for (int i = 0; i < 50; i += 2)
        commands.emplace_back("s", update_of(std::to_string(i), R"({"$set":{"v":"y"}})"));
    e.source->transaction(commands);
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
    CHECK(e.target->documents("s", "t").size() == 50);
}

TEST_CASE("mongo: a unique index in the target: values move between documents", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    for (auto* site : {e.source.get(), e.target.get()})
        site->run("s",
                  R"({"createIndexes":"t","indexes":[{"key":{"u":1},"name":"u","unique":true}]})");
    WorkerProcess worker(e.ini(stream), e.folder.path());
    start(worker);
    e.source->run("s", insert_of(R"({"_id":1,"u":"a"})"));
    e.source->run("s", insert_of(R"({"_id":2,"u":"b"})"));
    e.source->transaction({{"s", update_of("1", R"({"$set":{"u":"c"}})")},
                           {"s", update_of("2", R"({"$set":{"u":"a"}})")},
                           {"s", update_of("1", R"({"$set":{"u":"b"}})")}});
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
}

TEST_CASE("mongo: filter and router", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    TaskIni ini = e.ini(stream);
    ini.set("filter", "do_dbs", "s2")
        .set("filter", "do_tbs", "s.t,s.with.dots")
        .set("router", "tb_map", "s.with.dots:routed.to.there");
    WorkerProcess worker(ini, e.folder.path());
    start(worker);
    e.source->insert_json("s", "t", R"({"_id":1})");
    e.source->insert_json("s", "other", R"({"_id":1})");
    e.source->insert_json("s", "with.dots", R"({"_id":7})");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
    CHECK(e.target->documents("s", "other").empty());
    CHECK(e.target->documents("s", "with.dots").empty());
    CHECK(e.target->documents("routed", "to.there").size() == 1);
}

TEST_CASE("mongo: the heartbeat's document tells how far it was read, and how far it is there",
          "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    TaskIni ini = e.ini(stream);
    ini.set("extractor", "heartbeat_tb", "s2.beats")
        .set("extractor", "heartbeat_interval_secs", "1");
    WorkerProcess worker(ini, e.folder.path());
    start(worker);
    // The filter takes it: what the target shows was read by the task, and written after that.
    worker.wait_for("the heartbeat in the target, with both positions", [&] {
        const auto beats = e.target->documents("s2", "beats");
        return beats.size() == 1 &&
               find_element(beats.begin()->second, "flushed_operation_time").has_value();
    });
    CHECK(worker.stop().status.text() == "exit code 0");
    const auto beat = e.source->documents("s2", "beats").begin()->second;
    CHECK(find_element(beat, "_id")->as_text() == "task");
    const auto record = last_record(e.log_folder(), "current_position");
    const auto received = find_element(beat, "received_operation_time")->as_timestamp();
    CHECK(received.seconds <= std::stoul(json_field(record, "operation_time")));
    CHECK(find_element(beat, "flushed_operation_time")->as_timestamp() <= received);
    CHECK(find_element(beat, "received_resume_token")->as_text().empty() == (stream == "op_log"));
}

TEST_CASE("mongo: an oplog that has rolled over is a gap, and nothing is written", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    if (!e.source_server) return;  // an oplog of a real server is not cut by a test
    {
        WorkerProcess worker(e.ini(stream), e.folder.path());
        start(worker);
        CHECK(e.arrive_and_stop(worker) == "exit code 0");
    }
    for (int i = 0; i < 20; ++i) e.source->run("s", insert_of(fmt::format(R"({{"_id":{}}})", i)));
    e.source->run("admin", R"({"standin":1,"cutOplog":3})");
    const auto before = e.target->checkpoint_field("position_data");
    WorkerProcess worker(e.ini(stream), e.folder.path());
    const auto outcome = worker.wait_for_exit();
    INFO(outcome.output);
    CHECK(outcome.status.code == 66);
    CHECK_THAT(worker.default_log(), Contains("the source no longer holds what follows"));
    CHECK(e.target->documents("s", "t").empty());
    CHECK(e.target->checkpoint_field("position_data") == before);
}

TEST_CASE("mongo: a checkpoint of another replica set is refused", "[mongo]") {
    MongoPair e;
    if (!e.source_server) return;
    {
        WorkerProcess worker(e.ini("op_log"), e.folder.path());
        start(worker);
        CHECK(e.arrive_and_stop(worker) == "exit code 0");
    }
    e.source->run("admin", R"({"standin":1,"replicaSetId":{"$oid":"58a4eb4a30c75625e00d2820"}})");
    WorkerProcess worker(e.ini("op_log"), e.folder.path());
    CHECK(worker.wait_for_exit().status.code == 65);
}

TEST_CASE("mongo: a second worker takes the task over, the first one ends", "[mongo]") {
    MongoPair e;
    TempFolder other("other");
    WorkerProcess first(e.ini("change_stream"), e.folder.path());
    start(first);
    e.arrive(first);
    TaskIni ini = e.ini("change_stream");
    ini.set("resumer", "resume_type", "from_target").remove("resumer", "resume_from_log");
    WorkerProcess second(ini, other.path());
    start(second);
    e.source->run("s", insert_of(R"({"_id":1})"));
    CHECK(first.wait_for_exit(std::chrono::seconds(60)).status.code == 73);
    CHECK(e.arrive_and_stop(second) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
}

TEST_CASE("mongo: a target without transactions is written at least once, and that is said",
          "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    MongoServer alone("");
    MongoSite target(fmt::format("mongodb://127.0.0.1:{}/", alone.port()));
    TaskIni ini = e.ini(stream);
    ini.set("sinker", "url", target.uri()).set("filter", "do_dbs", "s");
    {
        WorkerProcess worker(ini, e.folder.path());
        worker.wait_for_line("changes are applied at least once, not exactly once");
        start(worker);
        e.source->run("s", insert_of(R"({"_id":1,"l":[1]})"));
        e.source->run("s", update_of("1", R"({"$push":{"l":2}})"));
        worker.wait_for("the document",
                        [&] { return differences(*e.source, target, "s", "t").empty(); });
        CHECK(worker.stop().status.text() == "exit code 0");
    }
    CHECK(target.documents("dts_metadata", "task_position").empty());
    ini.set("pipeline", "exactly_once", "true");
    WorkerProcess worker(ini, e.folder.path());
    CHECK(worker.wait_for_exit().status.code == 78);
    CHECK_THAT(worker.default_log(), Contains("has no transactions"));
}

TEST_CASE("mongo: documents of many megabytes, changed in one field", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    WorkerProcess worker(e.ini(stream), e.folder.path());
    start(worker);
    constexpr std::size_t size = 5'000'000;
    for (int id = 1; id <= 2; ++id) {
        BsonWriter document;
        document.int32("_id", id).text("v", std::string(size, 'x')).int32("n", 0);
        e.source->insert("s", "t", {document.take()});
        e.source->run("s", update_of(std::to_string(id), R"({"$inc":{"n":1}})"));
    }
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
}

TEST_CASE("mongo: what cannot be used is refused by its name", "[mongo]") {
    MongoPair e;
    const auto refused = [&](TaskIni ini) {
        WorkerProcess worker(ini, e.folder.path());
        const auto outcome = worker.wait_for_exit(std::chrono::seconds(120));
        return fmt::format("{} {}", outcome.status.text(), worker.default_log() + outcome.output);
    };
    TaskIni ini = e.ini("change_stream");
    CHECK_THAT(refused(ini.set("extractor", "resume_token", "no token")),
               StartsWith("exit code ") && !StartsWith("exit code 0"));
    ini = e.ini("op_log");
    CHECK_THAT(refused(ini.set("extractor", "start_timestamp", "5")),
               StartsWith("exit code 66") && Contains("its oplog holds"));
    ini = e.ini("op_log");
    CHECK_THAT(refused(ini.set("extractor", "url", "mongodb://u:s3cr3t@127.0.0.1:1/?bad%zz")),
               StartsWith("exit code 78") && !Contains("s3cr3t"));
    if (!e.source_server) return;
    MongoServer alone("");
    ini = e.ini("op_log");
    CHECK_THAT(
        refused(ini.set("extractor", "url", fmt::format("mongodb://127.0.0.1:{}/", alone.port()))),
        StartsWith("exit code 78") && Contains("not a member of a replica set"));
}

TEST_CASE("mongo: --explain says from where", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    const auto file = e.ini(stream).write(e.folder / "task.ini");
    const auto outcome =
        run_worker({file.string(), "--log-dir", e.log_folder().string(), "--explain"});
    INFO(outcome.output);
    CHECK(outcome.status.code == 0);
    CHECK_THAT(outcome.output, Contains("source holds it: yes, its "));
}
