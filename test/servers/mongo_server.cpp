#include "test/servers/mongo_server.hpp"

#include <fmt/format.h>
#include <mongoc/mongoc.h>

#include <mutex>
#include <signal.h>
#include <stdexcept>

#include "test/servers/database_server.hpp"
#include "test/servers/folder_watch.hpp"

namespace dts::test {

namespace fs = std::filesystem;

namespace {

/// The stand-in of the build that this program is of: build/test/servers/mongo/mongo-standin beside
/// build/test/….
fs::path program() {
    if (const char* given = getenv("DTS_MONGO_STANDIN")) return given;
    for (auto folder = fs::read_symlink("/proc/self/exe"); folder.has_relative_path();) {
        folder = folder.parent_path();
        const auto candidate = folder / "test/servers/mongo/mongo-standin";
        if (fs::exists(candidate)) return candidate;
    }
    throw std::runtime_error("mongo-standin is not built");
}

struct DocumentDestroyer {
    void operator()(_bson_t* document) const { bson_destroy(document); }
};

}  // namespace

MongoServer::MongoServer(std::string set)
    : folder_("mongo"), set_(std::move(set)), port_(free_port()) {
    start();
}

MongoServer::~MongoServer() = default;

void MongoServer::start() {
    if (process_ && process_->is_running()) throw std::runtime_error("the server runs already");
    Command command;
    command.args = {program().string(),
                    "--folder",
                    data_folder().string(),
                    "--port",
                    std::to_string(port_),
                    "--set",
                    set_};
    command.stdout_file = command.stderr_file = error_log();
    LineReader log(error_log(), read_file(error_log()).size());
    process_ = std::make_unique<ChildProcess>(command);
    const auto result = wait_until(
        folder(), [&] { return log.find("ready for connections").has_value(); },
        std::chrono::minutes(1), process_.get());
    if (result == WaitResult::done) return;
    process_.reset();
    throw std::runtime_error(fmt::format("the server in {} did not start:\n{}", folder().string(),
                                         read_file(error_log())));
}

void MongoServer::stop() {
    if (!process_) return;
    process_->signal(SIGTERM);
    const bool stopped = process_->wait(std::chrono::minutes(1)).has_value();
    process_.reset();
    if (!stopped) throw std::runtime_error("mongo-standin did not stop");
}

void MongoServer::kill() {
    process_.reset();
}

void MongoServer::await_end() {
    if (!process_->wait(std::chrono::minutes(1))) {
        throw std::runtime_error("mongo-standin did not end");
    }
    process_.reset();
}

std::string MongoServer::url() const {
    return fmt::format("mongodb://127.0.0.1:{}/?replicaSet={}", port_, set_);
}

void MongoServer::configure(std::string_view fields) const {
    command("admin", fmt::format(R"({{"standin":1,{}}})", fields));
}

std::string MongoServer::command(std::string_view db, std::string_view json) const {
    static std::once_flag initialised;
    std::call_once(initialised, [] { mongoc_init(); });
    bson_error_t error;
    const std::unique_ptr<_bson_t, DocumentDestroyer> command(
        bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()),
                           static_cast<ssize_t>(json.size()), &error));
    if (!command) throw std::runtime_error(fmt::format("{}: {}", json, error.message));
    const std::unique_ptr<mongoc_client_t, decltype(&mongoc_client_destroy)> client(
        mongoc_client_new(url().c_str()), &mongoc_client_destroy);
    bson_t reply;
    const bool done = mongoc_client_command_simple(client.get(), std::string(db).c_str(),
                                                   command.get(), nullptr, &reply, &error);
    char* text = bson_as_relaxed_extended_json(&reply, nullptr);
    std::string answer = text;
    bson_free(text);
    bson_destroy(&reply);
    if (!done) throw std::runtime_error(fmt::format("{}: {}: {}", json, error.message, answer));
    return answer;
}

}  // namespace dts::test
