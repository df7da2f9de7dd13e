// Everything the stand-in holds, and the one way to change it: commit() gives a change its place in
// the oplog, writes it to the journal and applies it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "test/servers/mongo/journal.hpp"
#include "test/servers/mongo/oplog.hpp"
#include "test/servers/mongo/session.hpp"
#include "test/servers/mongo/store.hpp"

namespace standin {

/// What the admin command "standin" changes; see README.md.
struct Settings {
    std::vector<int> version = {5, 0, 0};
    int oplog_version = 2;
    std::size_t transaction_entry_operations = 0;  ///< 0: all in one entry
    bool prepare_transactions = false;
    bool from_migrate = false;
    bool batched_deletes = false;
    std::size_t max_event_bytes = 16U << 20;
    std::size_t max_oplog_entries = 0;   ///< 0: without end
    std::int64_t noop_milliseconds = 0;  ///< 0: no periodic noops
    /// transactionLifetimeLimitSeconds: what a client left behind ends then.
    std::int64_t transaction_lifetime_milliseconds = 60'000;
};

/// What becomes visible at once.
struct Change {
    std::vector<Value> entries;    ///< of the oplog, still without ts, t, v, wall
    std::vector<Value> mutations;  ///< of the store and of sessions
    bool chained = false;          ///< each entry has the one before it as its prevOpTime
};

class Engine {
  public:
    /// Plays the journal of the folder. A new one is a new replica set.
    explicit Engine(const std::filesystem::path& folder);

    /// The time of its last entry. Returns when the journal has it.
    Timestamp commit(Change change);
    /// An entry of op "n".
    void log_noop(const std::string& message);
    void cut_oplog(std::size_t entries);
    /// Another term, as after an election.
    void next_term();
    void set_replica_set_id(const Value& id);

    Timestamp now() const { return last_time_; }
    std::int64_t term() const { return term_; }
    const Value& replica_set_id() const { return replica_set_id_; }
    /// Grows with each change: whoever waits for something looks again.
    std::uint64_t changes() const { return changes_; }
    void note_change() { ++changes_; }

    const Store& store() const { return store_; }
    const Oplog& oplog() const { return oplog_; }
    Sessions& sessions() { return sessions_; }
    const Sessions& sessions() const { return sessions_; }
    Settings& settings() { return settings_; }
    const Settings& settings() const { return settings_; }
    /// The last transaction may have ended.
    void forget_history();
    Value new_uuid() const;

  private:
    Timestamp next_time();
    void play(const Value& record);
    void write(Value mutations, Timestamp at);

    Store store_;
    Oplog oplog_;
    Sessions sessions_;
    Settings settings_;
    Timestamp last_time_;
    std::int64_t term_ = 1;
    Value replica_set_id_;
    std::uint64_t changes_ = 0;
    std::unique_ptr<Journal> journal_;
};

std::int64_t wall_milliseconds();

}  // namespace standin
