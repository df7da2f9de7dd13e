// MongoDB: accounts that may not, passwords and certificates that are wrong: said with what to do,
// and not tried again.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/servers/mongo_pair.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

/// How it ended, and its log.
std::string outcome_of(WorkerProcess& worker) {
    const auto outcome = worker.wait_for_exit(std::chrono::seconds(60));
    return fmt::format("{} {}", outcome.status.text(), worker.default_log() + outcome.output);
}

std::string outcome_of(const MongoPair& e, const TaskIni& ini) {
    WorkerProcess worker(ini, e.folder.path());
    return outcome_of(worker);
}

void refuse(MongoServer& server, std::string_view command, std::string_view ns = {}) {
    server.command("admin",
                   fmt::format(R"({{"configureFailPoint":"failCommand","mode":"alwaysOn","data":)"
                               R"({{"failCommands":["{}"],"errorCode":13{}}}}})",
                               command, ns.empty() ? "" : fmt::format(R"(,"namespace":"{}")", ns)));
}

void refuse_nothing(MongoServer& server) {
    server.command("admin", R"({"configureFailPoint":"failCommand","mode":"off"})");
}

}  // namespace

TEST_CASE("mongo errors: a wrong password, at the source and at the target", "[mongo]") {
    MongoPair e;
    if (!e.source_server || !e.target_server) return;
    for (const char* side : {"extractor", "sinker"}) {
        CAPTURE(side);
        const auto& server = side[0] == 'e' ? *e.source_server : *e.target_server;
        TaskIni ini = e.ini("change_stream");
        ini.set(side, "url", "mongodb://me:s3cr3t" + server.url().replace(0, 10, "@"));
        CHECK_THAT(outcome_of(e, ini),
                   StartsWith("exit code 77") && Contains("authSource") && !Contains("s3cr3t"));
    }
}

TEST_CASE("mongo errors: what an account needs is named", "[mongo]") {
    MongoPair e;
    if (!e.source_server || !e.target_server) return;
    TaskIni ini = e.ini("change_stream");
    refuse(*e.source_server, "aggregate");
    CHECK_THAT(outcome_of(e, ini), StartsWith("exit code 77") &&
                                       Contains("may not open a change stream") &&
                                       Contains("readAnyDatabase"));
    ini.set("filter", "do_dbs", "s");
    CHECK_THAT(outcome_of(e, ini),
               StartsWith("exit code 77") && Contains(R"({role: "read", db: "s"})"));
    refuse_nothing(*e.source_server);
    refuse(*e.source_server, "find", "local.oplog.rs");
    CHECK_THAT(outcome_of(e, e.ini("op_log")),
               StartsWith("exit code 77") && Contains(R"({role: "read", db: "local"})"));
}

TEST_CASE("mongo errors: a target that may not be written", "[mongo]") {
    MongoPair e;
    if (!e.source_server || !e.target_server) return;
    e.target->run("s", R"({"create":"t"})");
    WorkerProcess worker(e.ini("op_log"), e.folder.path());
    worker.wait_for_line("MongoCdcExtractor starts");
    refuse(*e.target_server, "update", "s.t");
    refuse(*e.target_server, "insert", "s.t");
    e.source->insert_json("s", "t", R"({"_id":1})");
    CHECK_THAT(outcome_of(worker), StartsWith("exit code 77") && Contains("needs readWrite"));
    CHECK(e.target->documents("s", "t").empty());
    refuse_nothing(*e.target_server);
    WorkerProcess second(e.ini("op_log"), e.folder.path());
    CHECK(e.arrive_and_stop(second) == "exit code 0");
    CHECK(differences(*e.source, *e.target, "s", "t") == "");
}

TEST_CASE("mongo errors: a certificate that nobody known has signed", "[mongo]") {
    MongoPair e;
    const auto key = (e.folder / "key.pem").string();
    const auto certificate = (e.folder / "certificate.pem").string();
    run_program({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=127.0.0.1", "-keyout", key, "-out", certificate});
    const auto port = free_port();
    Command command;
    command.args = {"openssl", "s_server",  "-accept", fmt::format("127.0.0.1:{}", port),
                    "-cert",   certificate, "-key",    key,
                    "-quiet"};
    const ChildProcess server(command);
    TaskIni ini = e.ini("change_stream");
    ini.set("extractor", "ssl_mode", "verify_full")
        .set("extractor", "url", fmt::format("mongodb://127.0.0.1:{}/", port));
    CHECK_THAT(outcome_of(e, ini),
               StartsWith("exit code 78") && Contains("certificate") && Contains("ssl_ca_path"));
}
