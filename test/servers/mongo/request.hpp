// A command as it came: its body, and the documents that came beside it (sections of kind 1).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "test/servers/mongo/session.hpp"
#include "test/servers/mongo/value.hpp"

namespace standin {

struct Request {
    Value body;
    std::map<std::string, std::vector<Value>, std::less<>> sequences;

    /// The name of the command: its first field.
    const std::string& command() const { return body.fields().front().name; }
    std::string db() const { return body.text_of("$db", "admin"); }
    /// db.collection, the collection being the command's value.
    std::string ns() const { return db() + "." + body.fields().front().value.text(); }
    /// An array of documents, from the body or from beside it.
    std::vector<Value> documents(std::string_view name) const;

    /// Bytes that tell sessions apart; empty when there is none.
    std::string session_id() const;
    std::int64_t txn_number() const { return body.integer_of("txnNumber", -1); }
    bool in_transaction() const { return body.has("autocommit"); }
    /// A write that may be sent again, to be done once.
    bool retryable() const { return txn_number() >= 0 && !in_transaction(); }

    /// Of the transaction that it belongs to; filled in before the command runs.
    Transaction* transaction = nullptr;
};

/// A command under way. Nothing: it has to wait, for a change or for its time to be up; then it is
/// asked again, `last` when the time is up and it has to come to an end. Throws Failure.
using Attempt = std::function<std::optional<Value>(bool last)>;

/// How long a command may wait before it is asked for the last time.
struct Task {
    Attempt attempt;
    std::int64_t wait_milliseconds = 0;
};

}  // namespace standin
