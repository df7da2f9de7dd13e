// Single writes, in a transaction or by themselves: who may write, what the oplog says of it, what
// a reader sees.
#pragma once

#include <functional>
#include <optional>

#include "test/servers/mongo/engine.hpp"
#include "test/servers/mongo/request.hpp"
#include "test/servers/mongo/update.hpp"

namespace standin {

/// Somebody's open transaction holds what is to be written: try again when it has ended.
struct MustWait {};

/// Documents as a transaction sees them, or as they are.
class View {
  public:
    View(const Store& store, const Transaction* transaction)
        : store_(&store), transaction_(transaction) {}
    /// Null when there is none.
    Raw find(const std::string& ns, const std::string& key) const;
    /// In natural order, what the transaction inserted last; ends when the visitor says false.
    void scan(const std::string& ns,
              const std::function<bool(const std::string& key, const Raw&)>& visitor) const;
    /// All that a filter matches. `limit` 0: no limit.
    std::vector<Raw> matching(const std::string& ns, const Value& filter, std::size_t limit) const;

  private:
    const Store* store_;
    const Transaction* transaction_;
};

/// Collects the writes of one statement. Throws Failure (duplicate key; write conflict in a
/// transaction) and MustWait; nothing is done until finish().
class Writer {
  public:
    Writer(Engine& engine, const Request& request, std::int64_t statement);

    View view() const { return {engine_.store(), request_.transaction}; }
    /// `document` has an _id.
    void insert(const std::string& ns, const Value& document);
    void update(const std::string& ns, const Value& before, const Updated& updated);
    void remove(const std::string& ns, const Value& before);
    /// Makes what was collected visible (to the transaction, if it is in one). The answer is kept
    /// for the case that a retryable write comes again.
    void finish(const Value& answer);

  private:
    void take(const std::string& ns, const Value& document, const Value* replaced);
    void check_unique(const Collection& collection, const Value& document);
    void lock(const std::string& lock, Timestamp modified);
    void need_collection(const std::string& ns);
    void log(Value operation, const std::string& ns, Value o, std::optional<Value> o2);
    Value uuid_of(const std::string& ns) const;

    Engine& engine_;
    const Request& request_;
    std::int64_t statement_;
    Change change_;
    std::vector<std::string> locks_;
    std::map<std::string, Value> created_;  ///< collections of this change, with their UUIDs
    std::vector<std::pair<std::string, std::pair<std::string, Raw>>> written_;
};

/// The entry and mutation of a new collection; `options` as the command create has them.
void add_creation(Change& change, const std::string& ns, const Value& uuid, const Value& options);

/// Throws Failure when a collection may not be called that.
void check_namespace(const std::string& ns);

}  // namespace standin
