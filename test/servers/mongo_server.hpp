// A throwaway stand-in for a MongoDB replica set of one member: test/servers/mongo in a process of
// its own, with its own folder and port. It ends with the test. No mongod can be had where the
// tests run.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "test/servers/child_process.hpp"
#include "test/servers/temp_folder.hpp"

namespace dts::test {

class MongoServer {
  public:
    /// Starts it, empty; `set` is the name of the replica set.
    explicit MongoServer(std::string set = "rs0");
    MongoServer(const MongoServer&) = delete;
    MongoServer& operator=(const MongoServer&) = delete;
    ~MongoServer();

    /// Starts it, with what it holds, and returns when it takes connections. Throws with the tail
    /// of its log when it does not.
    void start();
    void stop();
    /// Ends it as a crash would: SIGKILL.
    void kill();
    void restart() { stop(), start(); }
    /// SIGSTOP and SIGCONT: the server is there and does not answer.
    void freeze() { process_->signal(19); }
    void thaw() { process_->signal(18); }
    /// Returns when the process has ended by itself (a fault that was asked for). Throws when it
    /// does not.
    void await_end();

    std::uint16_t port() const noexcept { return port_; }
    pid_t pid() const noexcept { return process_->pid(); }
    const std::filesystem::path& folder() const noexcept { return folder_.path(); }
    std::filesystem::path data_folder() const { return folder_ / "data"; }
    std::filesystem::path error_log() const { return folder_ / "error.log"; }
    /// mongodb://127.0.0.1:PORT/?replicaSet=SET
    std::string url() const;

    /// The stand-in's own switches, as the fields of a JSON document; until it ends.
    void configure(std::string_view fields) const;

    /// Runs a command given as extended JSON on a connection of its own; the reply, likewise.
    /// Throws std::runtime_error with the server's words when it fails.
    std::string command(std::string_view db, std::string_view json) const;

  private:
    TempFolder folder_;
    std::string set_;
    std::uint16_t port_;
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace dts::test
