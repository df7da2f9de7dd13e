// The checkpoint of a task in a MongoDB target: one document, moved on inside the transactions that
// apply the changes. What PositionTable is to SQL targets, with the same names for its fields
// (ARCHITECTURE.md, Formats), its _id made of the three that identify it, and two of its own:
//
//   increment       op_log: with the second of position_data the exact place. The JSON of
//                   position_data has no room for it.
//   owner_session   the logical session of the owner's transactions. MongoDB keeps a transaction
//                   open for a minute after its client has died; whoever claims the document next
//                   ends that session first.
//
// MongoDB has no locks by name, so nobody can tell whether another owner is alive: who claims last
// owns the task, and the one before finds its token gone with its next transaction. Used by one
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/checkpoint/position_table.hpp"
#include "lib/client/mongo_client.hpp"
#include "lib/position/position.hpp"

namespace dts {

/// A position as the document holds it.
struct StoredPosition {
    std::string json;             ///< position_data
    std::uint32_t increment = 0;  ///< 0: none
    bool operator==(const StoredPosition&) const = default;
};
StoredPosition stored_position(const Position& position);

class PositionDocument {
  public:
    explicit PositionDocument(PositionTable::Options options);

    /// The record as a codec reads it, increment included; nothing where there is none.
    std::optional<std::string> read(MongoConnection& connection) const;

    /// Makes this worker the owner and returns the record; nothing where there is none, and none is
    /// made. Waits for a transaction of an earlier owner that is being committed. Throws
    /// Error{log_directory} when this worker held the task before and another has it now.
    std::optional<std::string> claim(MongoConnection& connection, const MongoSession& session);

    /// Moves the record on, in the session's open transaction or, without a session, on its own.
    /// It must be as this worker left it: throws Error{log_directory, checkpoint}, and
    /// Error{transient} when it went back.
    void store(MongoConnection& connection, const MongoSession* session,
               const StoredPosition& position);
    /// The same check, without moving it. In a transaction that keeps other writers out until it
    /// ends.
    void guard(MongoConnection& connection, const MongoSession* session);

    /// As PositionTable's: what a reconnect finds.
    PositionTable::Found renew(MongoConnection& connection, const StoredPosition& position) const;

    /// What was stored last is committed.
    void committed(const StoredPosition& position) {
        has_document_ = true;
        stored_ = position;
    }

  private:
    struct Found {
        StoredPosition position;
        std::string owner_token, owner, owner_session;
    };
    std::string id() const;
    std::string as_left() const;
    std::optional<Found> find(MongoConnection& connection) const;
    std::optional<Found> find(MongoConnection& connection, bool by_majority) const;
    const Found& require_ours(const std::optional<Found>& found) const;
    std::uint64_t update(MongoConnection& connection, const MongoSession* session,
                         std::string_view change);
    void insert(MongoConnection& connection, const MongoSession* session,
                const StoredPosition& position);
    void end_session_of(MongoConnection& connection, const Found& found) const;
    [[noreturn]] void throw_not_as_left(MongoConnection& connection) const;

    PositionTable::Options options_;
    bool has_document_ = false;
    StoredPosition stored_;  ///< as this worker knows it
    std::string session_;    ///< the id of the session it was claimed with
};

}  // namespace dts
