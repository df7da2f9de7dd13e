// The commands, on what the engine holds. One thread: a command runs alone, or waits and is asked
// again when something has changed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "test/servers/mongo/cursor.hpp"
#include "test/servers/mongo/engine.hpp"
#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/faults.hpp"
#include "test/servers/mongo/request.hpp"

namespace standin {

class Server;
using Handler = std::function<Task(Server&, std::shared_ptr<const Request>)>;
using Commands = std::map<std::string, Handler, std::less<>>;

class Server {
  public:
    Server(const std::filesystem::path& folder, std::string set_name, std::string address);

    Engine& engine() { return engine_; }
    Cursors& cursors() { return cursors_; }
    Faults& faults() { return faults_; }
    const std::string& set_name() const { return set_name_; }
    const std::string& address() const { return address_; }

    /// Throws Failure before anything is done: an unknown command, no such transaction, no primary.
    Task start(const std::shared_ptr<Request>& request);
    /// The reply to a command that failed; a transaction that it was part of is aborted.
    Value failed(const Request& request, const Failure& failure);
    /// Adds operationTime and $clusterTime.
    Value finished(Value reply) const;
    /// A write error ends the transaction.
    void abort_transaction(const Request& request);

    bool is_primary() const;
    /// No primary for that long; then another term.
    void step_down(std::int64_t milliseconds);
    /// When the next thing happens by time alone (wall milliseconds); 0: nothing.
    std::int64_t next_deadline() const;
    void on_time();

  private:
    void join_session(Request& request);

    Engine engine_;
    Cursors cursors_;
    Faults faults_;
    std::string set_name_;
    std::string address_;
    Commands commands_;
    std::int64_t primary_again_ = 0;  ///< wall milliseconds
    std::int64_t last_noop_ = 0;
};

/// A command that is done at once.
Handler at_once(std::function<Value(Server&, const Request&)> run);

void add_write_commands(Commands& commands);
void add_read_commands(Commands& commands);
void add_definition_commands(Commands& commands);
void add_transaction_commands(Commands& commands);
void add_admin_commands(Commands& commands);
void add_apply_ops(Commands& commands);

/// What hello says.
Value hello(Server& server);

inline Value done() {
    return Value{{"ok", 1.0}};
}

}  // namespace standin
