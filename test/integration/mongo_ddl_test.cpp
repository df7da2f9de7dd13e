// MongoDB to MongoDB: changes of collections themselves ([filter] do_ddls), both ways to follow
// them.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/servers/mongo_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

struct Ground : MongoPair {
    Ground() {
        if (source_server) source_server->configure(R"("version":[7,0,0])");
    }
    TaskIni ini(const std::string& stream) const {
        TaskIni ini = MongoPair::ini(stream);
        ini.set("filter", "do_ddls", "*");
        return ini;
    }
    /// Documents, options and indexes of all collections of a database.
    std::string differences_in(const std::string& database) {
        const auto here = collections(*source, database);
        const auto there = collections(*target, database);
        for (const auto& [name, shape] : here) {
            const auto found = there.find(name);
            if (found == there.end()) return "the target lacks " + name;
            if (found->second != shape) return name + " is of another shape";
            if (auto text = differences(*source, *target, database, name); !text.empty())
                return text;
        }
        for (const auto& [name, shape] : there)
            if (!here.contains(name)) return "the target alone has " + name;
        return {};
    }

  private:
    static std::map<std::string, std::string> collections(MongoSite& site,
                                                          const std::string& database) {
        std::map<std::string, std::string> shapes;
        for (const auto& one : site.list(database, R"({"listCollections":1})")) {
            const std::string name(find_element(one, "name")->as_text());
            auto shape = std::string(find_element(one, "options")->as_document());
            for (const auto& index :
                 site.list(database, fmt::format(R"({{"listIndexes":"{}"}})", name)))
                shape += index;
            shapes.emplace(name, std::move(shape));
        }
        return shapes;
    }
};

void start(WorkerProcess& worker) {
    worker.wait_for_line("MongoCdcExtractor starts");
}

}  // namespace

TEST_CASE("mongo ddl: collections, their options and indexes arrive, with what is written between",
          "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground e;
    WorkerProcess worker(e.ini(stream), e.folder.path());
    start(worker);
    auto& source = *e.source;
    const auto run = [&](std::string_view command) { source.run("s", command); };
    run(R"({"create":"empty"})");
    run(R"({"create":"checked","validator":{"n":{"$gt":0}},"validationLevel":"off"})");
    source.insert_json("s", "t", R"({"_id":1,"u":"a"})");
    run(R"({"createIndexes":"t","indexes":[{"key":{"u":1},"name":"u","unique":true}]})");
    source.insert_json("s", "t", R"({"_id":2,"u":"b"})");
    // In this order alone: the unique index is known to whoever applies them.
    source.transaction(
        {{"s", R"({"update":"t","updates":[{"q":{"_id":1},"u":{"$set":{"u":"c"}}}]})"},
         {"s", R"({"update":"t","updates":[{"q":{"_id":2},"u":{"$set":{"u":"a"}}}]})"}});
    run(R"({"createIndexes":"t","indexes":[{"key":{"n":1},"name":"n"},{"key":{"m":-1},"name":"m"}]})");
    run(R"({"dropIndexes":"t","index":"n"})");
    run(R"({"collMod":"t","index":{"name":"m","hidden":true}})");
    run(R"({"collMod":"empty","validationLevel":"moderate"})");
    for (const char* name : {"old", "new", "gone", "again"})
        source.insert_json("s", name, R"({"_id":1,"of":"the first"})");
    source.insert_json("s", "old", R"({"_id":2})");
    source.run("admin", R"({"renameCollection":"s.old","to":"s.new","dropTarget":true})");
    source.insert_json("s", "old", R"({"_id":3})");
    source.run("admin", R"({"renameCollection":"s.old","to":"s.newer"})");
    run(R"({"drop":"gone"})");
    run(R"({"drop":"again"})");
    source.insert_json("s", "again", R"({"_id":2,"of":"the second"})");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.differences_in("s") == "");
    CHECK(e.target->list("s", R"({"listCollections":1})").size() == 6);
}

// The server's own removals would meet what the source has renewed; transactions must not write to
// what is capped.
TEST_CASE("mongo ddl: nothing expires in the target, and nothing is capped there", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground e;
    WorkerProcess worker(e.ini(stream), e.folder.path());
    start(worker);
    const auto run = [&](std::string_view command) { e.source->run("s", command); };
    run(R"({"create":"capped","capped":true,"size":4096})");
    e.source->insert_json("s", "capped", R"({"_id":1})");
    run(R"({"collMod":"capped","cappedSize":8192})");
    e.source->insert_json("s", "t", R"({"_id":1})");
    run(R"({"createIndexes":"t","indexes":[{"key":{"a":1},"name":"a","expireAfterSeconds":60}]})");
    run(R"({"createIndexes":"t","indexes":[{"key":{"b":1},"name":"b","expireAfterSeconds":60}]})");
    run(R"({"collMod":"t","index":{"name":"b","expireAfterSeconds":70}})");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.target->documents("s", "capped").size() == 1);
    for (const auto& one : e.target->list("s", R"({"listCollections":1})"))
        CHECK(find_element(one, "options")->as_document() == empty_document);
    unsigned expiring = 0;
    for (const auto& index : e.target->list("s", R"({"listIndexes":"t"})")) {
        const auto seconds = find_element(index, "expireAfterSeconds");
        if (!seconds) continue;
        ++expiring;
        CHECK(seconds->as_integer() == 2'147'483'647);
    }
    CHECK(expiring == 2);
    const auto log = worker.default_log();
    CHECK_THAT(log, Contains(R"("s"."capped" is capped at the source (capped=true, size=4096))"));
    CHECK_THAT(log,
               Contains(R"(index "a" of "s"."t" lets documents expire at the source after 60)"));
    CHECK_THAT(log, Contains("after 70 seconds"));
}

TEST_CASE("mongo ddl: a database that is dropped and used again", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground e;
    WorkerProcess worker(e.ini(stream), e.folder.path());
    start(worker);
    for (const char* name : {"a", "b"}) e.source->insert_json("s", name, R"({"_id":1})");
    e.source->run("s", R"({"dropDatabase":1})");
    e.source->insert_json("s", "a", R"({"_id":2})");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.differences_in("s") == "");
    CHECK(e.target->documents("s", "a").size() == 1);
    CHECK(e.target->documents("s", "b").empty());
}

TEST_CASE("mongo ddl: a stream of one collection goes on behind its drop and its rename",
          "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground e;
    TaskIni ini = e.ini(stream);
    ini.remove("filter", "do_dbs").set("filter", "do_tbs", "s2.marks");
    WorkerProcess worker(ini, e.folder.path());
    start(worker);
    e.source->insert_json("s2", "marks", R"({"_id":"before"})");
    e.source->run("s2", R"({"drop":"marks"})");
    e.source->insert_json("s2", "marks", R"({"_id":"behind"})");
    const auto arrive = [&](WorkerProcess& running) {
        running.wait_for("what follows the drop",
                         [&] { return differences(*e.source, *e.target, "s2", "marks").empty(); });
    };
    arrive(worker);
    CHECK(worker.stop().status.text() == "exit code 0");
    WorkerProcess second(ini, e.folder.path());
    start(second);
    e.source->run("s2", R"({"drop":"marks"})");
    e.source->insert_json("s2", "marks", R"({"_id":"after"})");
    arrive(second);
    e.source->run("admin", R"({"renameCollection":"s2.marks","to":"s2.other"})");
    second.wait_for_line(R"(renameCollection of "s2"."marks" at the source is not applied)");
    CHECK(second.stop().status.text() == "exit code 0");
}

TEST_CASE("mongo ddl: routed and filtered; what is not in do_ddls is said and left alone",
          "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground e;
    TaskIni ini = e.ini(stream);
    ini.set("filter", "do_ddls", "drop_table,create_index")
        .set("filter", "ignore_tbs", "s.ignored")
        .set("router", "tb_map", "s.a:routed.b");
    for (const char* name : {"ignored", "b"})
        e.target->insert_json(name[0] == 'b' ? "routed" : "s", name, R"({"_id":"the target's"})");
    WorkerProcess worker(ini, e.folder.path());
    start(worker);
    for (const char* name : {"a", "ignored", "kept"})
        e.source->insert_json("s", name, R"({"_id":1})");
    e.source->run("s", R"({"drop":"ignored"})");
    e.source->run("s", R"({"drop":"a"})");
    e.source->insert_json("s", "a", R"({"_id":2})");
    e.source->run("s", R"({"createIndexes":"a","indexes":[{"key":{"n":1},"name":"n"}]})");
    e.source->run("s", R"({"collMod":"kept","validationLevel":"off"})");
    e.source->run("admin", R"({"renameCollection":"s.kept","to":"s.renamed"})");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.target->documents("routed", "b").size() == 1);
    CHECK(e.target->list("routed", R"({"listIndexes":"b"})").size() == 2);
    CHECK(e.target->documents("s", "ignored").size() == 1);
    CHECK(e.target->documents("s", "kept").size() == 1);
    const auto log = worker.default_log();
    CHECK_THAT(log, Contains(R"(collMod of "s"."kept" at the source is not applied)"));
    CHECK_THAT(log, Contains(R"(renameCollection of "s"."kept" at the source is not applied)"));
    CHECK_THAT(log, !Contains("drop of"));
}

TEST_CASE("mongo ddl: a drop that the target refuses is applied by the next worker", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    Ground e;
    if (!e.target_server) return;
    WorkerProcess worker(e.ini(stream), e.folder.path());
    start(worker);
    e.source->insert_json("s", "t", R"({"_id":1})");
    e.arrive(worker);
    e.target->run("admin", R"({"configureFailPoint":"failCommand","mode":"alwaysOn","data":)"
                           R"({"failCommands":["drop"],"errorCode":20}})");
    e.source->run("s", R"({"drop":"t"})");
    e.source->insert_json("s", "t", R"({"_id":2})");
    const auto outcome = worker.wait_for_exit();
    CHECK(outcome.status.code == 76);
    CHECK_THAT(worker.default_log(), Contains(R"(drop of "s"."t")") && Contains("HINT"));
    CHECK(e.target->documents("s", "t").size() == 1);
    e.target->run("admin", R"({"configureFailPoint":"failCommand","mode":"off"})");
    WorkerProcess second(e.ini(stream), e.folder.path());
    CHECK(e.arrive_and_stop(second) == "exit code 0");
    CHECK(e.differences_in("s") == "");
}

// The drop happens, its place is not recorded, and the worker ends there: the next one drops again.
TEST_CASE("mongo ddl: one that is applied and not yet recorded is applied again without harm",
          "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    const std::string command =
        GENERATE(as<std::string>{}, R"({"drop":"t"})", R"({"create":"n"})",
                 R"({"createIndexes":"t","indexes":[{"key":{"n":1},"name":"n"}]})",
                 R"({"dropIndexes":"t","index":"m"})", R"({"collMod":"t","validationLevel":"off"})",
                 R"({"renameCollection":"s.t","to":"s.n"})",
                 R"({"renameCollection":"s.t","to":"s.other","dropTarget":true})");
    CAPTURE(stream, command);
    Ground e;
    if (!e.target_server) return;
    {
        WorkerProcess worker(e.ini(stream), e.folder.path());
        start(worker);
        for (const char* name : {"t", "other"}) e.source->insert_json("s", name, R"({"_id":1})");
        e.source->run("s", R"({"createIndexes":"t","indexes":[{"key":{"m":1},"name":"m"}]})");
        e.arrive(worker);
        const auto before = e.target->checkpoint_field("position_data");
        // The place behind it is stored with a write of its own: the worker never sees its answer.
        const std::string name(BsonReader(bson_of(command)).next()->name);
        e.target->run("admin",
                      fmt::format(R"({{"configureFailPoint":"failCommand","mode":{{"times":1}},)"
                                  R"("data":{{"failCommands":["{}"],"closeUnanswered":true}}}})",
                                  name));
        e.target->run("admin",
                      R"({"configureFailPoint":"failCommand","mode":{"skip":1},"data":)"
                      R"({"failCommands":["update"],"namespace":"dts_metadata.task_position",)"
                      R"("errorCode":20}})");
        e.source->run(name == "renameCollection" ? "admin" : "s", command);
        CHECK(worker.wait_for_exit().status.code == 76);
    }
    e.target->run("admin", R"({"configureFailPoint":"failCommand","mode":"off"})");
    e.source->insert_json("s", "t", R"({"_id":7})");
    WorkerProcess second(e.ini(stream), e.folder.path());
    CHECK(e.arrive_and_stop(second) == "exit code 0");
    CHECK(e.differences_in("s") == "");
}

TEST_CASE("mongo ddl: change streams of older servers do not tell of all that is asked for",
          "[mongo]") {
    Ground e;
    if (!e.source_server) return;
    e.source_server->configure(R"("version":[5,0,9])");
    TaskIni ini = e.ini("change_stream");
    {
        WorkerProcess worker(ini, e.folder.path());
        CHECK(worker.wait_for_exit().status.code == 78);
        CHECK_THAT(worker.default_log(), Contains("do not tell of create"));
    }
    ini.set("filter", "do_ddls", "drop_table");
    WorkerProcess worker(ini, e.folder.path());
    start(worker);
    e.source->insert_json("s", "t", R"({"_id":1})");
    e.source->run("s", R"({"drop":"t"})");
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(e.target->list("s", R"({"listCollections":1})").empty());
}

TEST_CASE("mongo ddl: op_log needs an exact place in the target", "[mongo]") {
    Ground e;
    MongoServer alone("");
    TaskIni ini = e.ini("op_log");
    ini.set("sinker", "url", fmt::format("mongodb://127.0.0.1:{}/", alone.port()));
    WorkerProcess worker(ini, e.folder.path());
    CHECK(worker.wait_for_exit().status.code == 78);
    CHECK_THAT(worker.default_log(), Contains("source=change_stream"));
}

TEST_CASE("mongo ddl: a drop is refused where two collections go to one", "[mongo]") {
    Ground e;
    TaskIni ini = e.ini("op_log");
    ini.set("router", "tb_map", "s.a:s.all,s.b:s.all");
    WorkerProcess worker(ini, e.folder.path());
    start(worker);
    e.source->insert_json("s", "a", R"({"_id":1})");
    e.source->insert_json("s", "b", R"({"_id":2})");
    e.source->run("s", R"({"drop":"a"})");
    CHECK(worker.wait_for_exit().status.code == 76);
    CHECK_THAT(worker.default_log(), Contains("another one is written to as well"));
    CHECK(e.target->documents("s", "all").size() == 2);
}
