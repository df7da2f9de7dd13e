// Sessions: transactions, and the answers to writes that a driver may send again; see the manual's
// pages "Transactions" and "Retryable Writes".
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "test/servers/mongo/store.hpp"

namespace standin {

/// What an open transaction has done, seen by nobody else.
struct Transaction {
    std::int64_t began = 0;  ///< wall milliseconds
    Timestamp snapshot;      ///< it reads what was committed until then
    /// What it wrote, by namespace and key; no document: removed.
    std::map<std::string, std::map<std::string, Raw>> written;
    std::vector<Value> operations;  ///< as the oplog's applyOps will have them
    std::vector<Value> mutations;   ///< as the store will have them
    std::set<std::string> locks;    ///< keys that nobody else may write meanwhile
};

struct Session {
    enum class State : std::uint8_t { none, open, committed, aborted };
    std::int64_t number = -1;  ///< the txnNumber of what follows
    State state = State::none;
    std::unique_ptr<Transaction> transaction;
    std::map<std::int64_t, Value> answers;  ///< of retryable writes, by statement
};

class Sessions {
  public:
    Session& of(const std::string& id) { return sessions_[id]; }
    /// Null when nobody holds it.
    const Transaction* owner_of(const std::string& lock) const;
    void lock(Transaction& transaction, const std::string& lock);
    /// Ends it: nothing of it stays.
    void end(Session& session, Session::State state);
    std::size_t open_count() const { return open_; }
    /// Whether a transaction is open that has written something.
    bool open_writers() const { return !locks_.empty(); }
    Transaction& begin(Session& session, Timestamp snapshot);
    void abort_all();
    /// Whether there were any.
    bool abort_older_than(std::int64_t began);
    /// Of the open transactions; 0: there are none.
    std::int64_t oldest_begin() const;

    /// {k: "session", id, n, state} and {k: "answer", id, n, s, r} of the journal.
    void apply(const Value& mutation);

  private:
    std::map<std::string, Session> sessions_;
    std::map<std::string, const Transaction*> locks_;
    std::size_t open_ = 0;
};

}  // namespace standin
