#include "test/servers/mongo_pair.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace dts::test {

namespace {

void drop_databases(MongoSite& site) {
    for (const char* database : {"s", "s2", "routed", "dts_metadata"})
        site.run(database, R"({"dropDatabase":1})");
}

}  // namespace

MongoPair::MongoPair() {
    const char* const real_source = std::getenv("MONGO_TEST_URI");
    const char* const real_target = std::getenv("MONGO_TEST_TARGET_URI");
    if (real_source == nullptr) source_server = std::make_unique<MongoServer>("rs0");
    if (real_target == nullptr) target_server = std::make_unique<MongoServer>("rs1");
    source_uri_ = real_source == nullptr ? source_server->url() : real_source;
    target_uri_ = real_target == nullptr ? target_server->url() : real_target;
    connect();
    if (real_source != nullptr) drop_databases(*source);
    if (real_target != nullptr) drop_databases(*target);
}

void MongoPair::connect() {
    source = std::make_unique<MongoSite>(source_uri_);
    target = std::make_unique<MongoSite>(target_uri_);
}

TaskIni MongoPair::ini(std::string_view stream) const {
    TaskIni ini;
    ini.set("extractor", "db_type", "mongo")
        .set("extractor", "extract_type", "cdc")
        .set("extractor", "url", source->uri())
        .set("extractor", "source", stream)
        .set("sinker", "db_type", "mongo")
        .set("sinker", "url", target->uri())
        .set("parallelizer", "parallel_type", "mongo")
        .set("pipeline", "checkpoint_interval_secs", "1")
        .set("filter", "do_dbs", "s,s2")
        .set("filter", "do_events", "insert,update,delete")
        .set("resumer", "resume_from_log", "true");
    return ini;
}

void MongoPair::arrive(WorkerProcess& worker, std::chrono::milliseconds timeout) {
    const int mark = ++marks_;
    source->insert_json("s2", "marks", fmt::format(R"({{"_id":{}}})", mark));
    worker.wait_for(
        "the last change to arrive",
        [&] { return target->documents("s2", "marks").size() >= static_cast<std::size_t>(mark); },
        timeout);
}

std::string MongoPair::arrive_and_stop(WorkerProcess& worker) {
    arrive(worker);
    const auto outcome = worker.stop();
    return outcome.status.code == 0 ? "exit code 0" : outcome.output;
}

}  // namespace dts::test
