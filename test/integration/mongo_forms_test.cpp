// MongoDB to MongoDB, through the stand-in: the rarer forms in which servers tell of changes.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/servers/mongo_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

void start(WorkerProcess& worker) {
    worker.wait_for_line("MongoCdcExtractor starts");
}

std::string document_of(int id, std::size_t bytes) {
    BsonWriter document;
    document.int32("_id", id).text("v", std::string(bytes, 'x')).int32("n", 0);
    document.text("w", std::string(bytes, 'y'));
    return document.take();
}

/// Both large fields at once, and a small one.
std::string update_of(int id, std::size_t bytes) {
    return fmt::format(
        R"({{"update":"t","updates":[{{"q":{{"_id":{}}},"u":{{"$set":{{"v":"{}","w":"{}"}},)"
        R"("$inc":{{"n":1}}}}}}]}})",
        id, std::string(bytes, 'a'), std::string(bytes, 'b'));
}

}  // namespace

TEST_CASE("mongo forms: events beyond the limit come in fragments, and arrive whole", "[mongo]") {
    MongoPair e;
    if (!e.source_server) return;
    constexpr std::size_t limit = 30'000;
    e.source_server->configure(fmt::format(R"("version":[7,0,0],"maxEventBytes":{})", limit));
    WorkerProcess worker(e.ini("change_stream"), e.folder.path());
    start(worker);
    for (int id = 1; id <= 3; ++id) {
        e.source->insert("s", "t", {document_of(id, 20'000)});
        e.source->run("s", update_of(id, 25'000));
        e.source->insert_json("s", "small", fmt::format(R"({{"_id":{}}})", id));
    }
    e.source->transaction({{"s", update_of(1, 20'000)}, {"s", update_of(2, 20'000)}});
    e.arrive(worker);
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
    worker.kill();
    worker.wait_for_exit();
    // From the token of a last fragment on.
    e.source->run("s", update_of(3, 26'000));
    WorkerProcess second(e.ini("change_stream"), e.folder.path());
    CHECK(e.arrive_and_stop(second) == "exit code 0");
    for (const char* collection : {"t", "small"})
        CHECK(differences(*e.source, *e.target, "s", collection) == "");
}

TEST_CASE("mongo forms: an event that an older server cannot send ends the task with a hint",
          "[mongo]") {
    MongoPair e;
    if (!e.source_server) return;
    WorkerProcess worker(e.ini("change_stream"), e.folder.path());
    start(worker);
    e.source_server->configure(R"("maxEventBytes":30000)");
    e.source->insert("s", "t", {document_of(1, 20'000)});
    CHECK(worker.wait_for_exit().status.code == 76);
    CHECK_THAT(worker.default_log(), Contains("source=op_log"));
}

TEST_CASE("mongo forms: chained and prepared transactions, batched deletes, older updates",
          "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    const bool prepares = GENERATE(false, true);
    const int oplog_version = GENERATE(1, 2);
    CAPTURE(stream, prepares, oplog_version);
    MongoPair e;
    if (!e.source_server) return;
    e.source_server->configure(
        fmt::format(R"("transactionEntryOperations":3,"prepareTransactions":{},)"
                    R"("batchedDeletes":true,"oplogVersion":{})",
                    prepares, oplog_version));
    e.source->run("s", R"({"create":"t"})");
    TaskIni ini = e.ini(stream);
    ini.set("pipeline", "buffer_size", "8");
    const auto transaction = [&](int first) {
        std::vector<std::pair<std::string, std::string>> commands;
        for (int id = first; id < first + 20; ++id)
            commands.emplace_back(
                "s", fmt::format(R"({{"insert":"t","documents":[{{"_id":{},"n":0}}]}})", id));
        for (int id = first; id < first + 20; id += 2)
            commands.emplace_back(
                "s", fmt::format(R"({{"update":"t","updates":[{{"q":{{"_id":{}}},)"
                                 R"("u":{{"$inc":{{"n":1}},"$set":{{"l":[1,2]}}}}}}]}})",
                                 id));
        commands.emplace_back(
            "s", fmt::format(R"({{"delete":"t","deletes":[{{"q":{{"_id":{}}},"limit":1}}]}})",
                             first + 1));
        e.source->transaction(commands);
    };
    {
        WorkerProcess worker(ini, e.folder.path());
        start(worker);
        transaction(0);
        e.source->insert_json("s", "t", R"({"_id":"between"})");
        transaction(100);
        e.source->run("s", R"({"delete":"t","deletes":[{"q":{"n":1},"limit":0}]})");
        e.arrive(worker);
        CHECK(differences(*e.source, *e.target, "s", "t") == "");
        worker.kill();
        worker.wait_for_exit();
    }
    transaction(200);
    WorkerProcess worker(ini, e.folder.path());
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
    CHECK(e.target->documents("s", "t").size() == 38);
}

TEST_CASE("mongo forms: documents of almost 16 MiB, written, replaced and changed", "[mongo]") {
    const std::string stream = GENERATE(as<std::string>{}, "change_stream", "op_log");
    CAPTURE(stream);
    MongoPair e;
    if (e.source_server) e.source_server->configure(R"("version":[7,0,0])");
    WorkerProcess worker(e.ini(stream), e.folder.path());
    start(worker);
    // Two texts, three heads: 16 MiB less some bytes that the document's own fields need.
    constexpr std::size_t half = (std::size_t{8} << 20) - 40;
    e.source->insert("s", "t", {document_of(1, half)});
    e.arrive(worker);
    e.source->run("s", R"({"update":"t","updates":[{"q":{"_id":1},"u":{"$inc":{"n":1}}}]})");
    BsonWriter by_id, one, command;
    by_id.int32("_id", 1);
    one.document("q", by_id.take()).document("u", document_of(1, half - 1));
    command.text("update", "t");
    const auto updates = command.open("updates", BsonType::array);
    command.document("0", one.take());
    command.close(updates);
    e.source->run_bytes("s", command.take());
    CHECK(e.arrive_and_stop(worker) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
    CHECK(e.target->documents("s", "t").begin()->second.size() > 2 * half);
}
