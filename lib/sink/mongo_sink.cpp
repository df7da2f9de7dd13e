#include "lib/sink/mongo_sink.hpp"

#include <fmt/format.h>

#include <utility>

#include "lib/change/document_table.hpp"
#include "lib/client/mongo_cursor.hpp"
#include "lib/sink/collection_command_writer.hpp"
#include "lib/sink/mongo_writer.hpp"

namespace dts {

namespace {

constexpr int transaction_lifetime_exceeded = 290;

bool is_unique(std::string_view index) {
    const auto unique = find_element(index, "unique");
    const auto name = find_element(index, "name");
    return unique && unique->is_true() && name && name->as_text() != "_id_";
}

/// Nothing where the collection does not exist.
std::optional<bool> has_unique_index(MongoConnection& connection, const std::string& database,
                                     std::string_view collection) {
    try {
        bool found = false;
        MongoCursor cursor(connection, database,
                           BsonWriter().text("listIndexes", collection).take(), {});
        while (const auto batch = cursor.next()) {
            BsonReader reader(*batch);
            while (const auto index = reader.next())
                found = found || is_unique(index->as_document());
        }
        return found;
    } catch (const MongoError& error) {
        if (error.code() == mongo_code::namespace_not_found) return std::nullopt;
        throw;
    }
}

void create_collection(MongoConnection& connection, const std::string& database,
                       std::string_view collection) {
    try {
        connection.command(database, BsonWriter().text("create", collection).take());
    } catch (const MongoError& error) {
        if (error.code() != mongo_code::namespace_exists) throw;
    }
}

/// With what the operator can do.
Error explained(const MongoError& error) {
    if (error.code() == mongo_code::duplicate_key)
        return {ErrorKind::data, error.text(),
                "the target holds another document with that value of a unique index, or one with "
                "that _id where [sinker] replace=false",
                error.where()};
    if (error.code() == mongo_code::unauthorized)
        return {error.kind(), error.text(),
                "the target's account needs readWrite on the databases that it writes to and on "
                "that of the checkpoint",
                error.where()};
    if (error.code() == mongo_code::no_such_transaction ||
        error.code() == transaction_lifetime_exceeded)
        return {ErrorKind::transient, error.text(),
                "a transaction of the target may last transactionLifetimeLimitSeconds (60): for "
                "larger transactions of the source raise it there",
                error.where()};
    return error;
}

/// An index of a large collection is not made in a minute. A host that is gone shows in TCP.
MongoEndpoint patient(MongoEndpoint endpoint) {
    constexpr unsigned day_secs = 86'400;
    endpoint.answer_timeout_secs = day_secs;
    return endpoint;
}

}  // namespace

struct MongoSink::Encoded : EncodedGroup {
    using EncodedGroup::EncodedGroup;
    std::vector<CollectionWrites> collections;
    StoredPosition checkpoint;
};

MongoSink::MongoSink(Options options)
    : options_(std::move(options)),
      connection_(options_.endpoint),
      catalog_(options_.endpoint),
      commands_(patient(options_.endpoint)),
      checkpoint_(options_.position),
      exactly_once_(options_.checkpoint_in_target != CheckpointInTarget::off) {}

MongoSink::~MongoSink() = default;

void MongoSink::preflight() {
    const MongoServerFacts server = connection_.describe_server();
    has_transactions_ = server.has_transactions();
    if (server.has_sessions) session_ = std::make_unique<MongoSession>(connection_.start_session());
    has_transactions_ = has_transactions_ && session_ && session_->handle() != nullptr;
    if (has_transactions_ || !exactly_once_) return;
    if (options_.checkpoint_in_target == CheckpointInTarget::required)
        throw Error(ErrorKind::config,
                    fmt::format("the target {} has no transactions, in which the checkpoint could "
                                "be written",
                                connection_.name()),
                    options_.required_hint.empty()
                        ? "make it a replica set (one member is enough), or set [pipeline] "
                          "exactly_once=auto"
                        : options_.required_hint);
    exactly_once_ = false;
    note(
        "changes are applied at least once, not exactly once: the target has no transactions, "
        "which need a replica set (one member is enough) from 4.2 on");
}

std::string MongoSink::checkpoint_place() const {
    return fmt::format("{}.{} of target {}, task_id '{}'", options_.position.name.schema,
                       options_.position.name.table, connection_.name(), options_.position.task_id);
}

std::optional<std::string> MongoSink::claim_checkpoint() {
    if (!exactly_once_) return std::nullopt;
    try {
        create_collection(connection_, options_.position.name.schema, options_.position.name.table);
        return checkpoint_.claim(connection_, *session_);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::permission) throw;
        if (options_.checkpoint_in_target == CheckpointInTarget::required)
            throw Error(error.kind(), "the document for the checkpoint: " + error.text(),
                        options_.required_hint.empty()
                            ? fmt::format("grant readWrite on {}, or set [pipeline] "
                                          "exactly_once=false",
                                          options_.position.name.schema)
                            : fmt::format("grant readWrite on {}; {}",
                                          options_.position.name.schema, options_.required_hint));
        exactly_once_ = false;
        note("changes are applied at least once, not exactly once: " + error.text());
        return std::nullopt;
    }
}

std::optional<std::string> MongoSink::read_checkpoint() {
    return checkpoint_.read(connection_);
}

void MongoSink::store_checkpoint(const Position& position) {
    if (!exactly_once_) return;
    if (in_transaction_)
        throw Error(ErrorKind::bug, "a checkpoint of its own inside a transaction");
    const StoredPosition stored = stored_position(position);
    checkpoint_.store(connection_, nullptr, stored);
    checkpoint_.committed(stored);
}

TableSchemaPtr MongoSink::describe(std::string_view schema, std::string_view table) {
    const std::string database(schema);
    auto unique = has_unique_index(catalog_, database, table);
    if (!unique) {
        create_collection(catalog_, database, table);
        unique = false;
    }
    TableSchema description = document_table::schema_of(database, std::string(table));
    if (*unique) {
        // A column of the target's own, by which the planner knows to keep the order of writes.
        Column own;
        own.name = "unique indexes";
        description.columns.push_back(std::move(own));
    }
    return std::make_shared<TableSchema>(std::move(description));
}

std::unique_ptr<EncodedGroup> MongoSink::encode(WriteGroup group) {
    auto encoded = std::make_unique<Encoded>(std::move(group));
    encoded->collections = collect_document_writes(encoded->group, options_.rules);
    if (encoded->group.checkpoint)
        encoded->checkpoint = stored_position(*encoded->group.checkpoint);
    return encoded;
}

void MongoSink::apply(EncodedGroup& group) {
    try {
        auto& encoded = static_cast<Encoded&>(group);
        if (group.group.command) {
            execute_command(encoded);
        } else {
            execute(encoded);
        }
    } catch (const MongoError& error) {
        if (!commit_unknown_) abandon();
        throw explained(error);
    } catch (...) {
        abandon();
        throw;
    }
}

/// The checkpoint's document comes first: who else writes it meets a conflict. The commit is sent
/// only when this worker is known to own the task.
void MongoSink::execute(Encoded& encoded) {
    const bool begins = !in_transaction_;
    const bool ends = encoded.group.ends_transaction;
    commit_unknown_ = false;
    if (has_transactions_ && begins) {
        connection_.begin(*session_);
        in_transaction_ = true;
        if (exactly_once_ && !ends) checkpoint_.guard(connection_, session_.get());
    }
    const bool stores = exactly_once_ && ends;
    if (stores) checkpoint_.store(connection_, session_.get(), encoded.checkpoint);
    for (CollectionWrites& writes : encoded.collections) {
        const unsigned unfit_before = std::exchange(writes.unfit, 0);
        MongoWriter(connection_, writes, session()).execute();
        if (unfit_before + writes.unfit > 0)
            note(
                fmt::format("updates of \"{}\".\"{}\" found no document in the target, or one "
                            "that is not as it was at the source: what did not fit was left out. "
                            "After a restart that is expected: changes are applied again",
                            writes.database, writes.collection));
        writes.unfit = unfit_before;
    }
    if (!ends) return;
    if (has_transactions_) {
        in_transaction_ = false;
        try {
            connection_.commit(*session_);
        } catch (const MongoError& error) {
            commit_unknown_ = !error.voids_transaction();
            throw;
        }
    }
    if (exactly_once_) checkpoint_.committed(encoded.checkpoint);
}

/// The place before it is recorded, and nothing behind it is applied yet: a crash in between has it
/// executed again, onto what it has led to. The task must still be this worker's: of one that has
/// taken it over the documents behind it could be there already.
void MongoSink::execute_command(Encoded& encoded) {
    commit_unknown_ = false;
    if (exactly_once_) checkpoint_.guard(connection_, nullptr);
    const CollectionCommand& command = *encoded.group.command;
    if (!execute_collection_command(commands_, command))
        note(fmt::format(
            "renameCollection of \"{}\".\"{}\": the target has no such collection, so it "
            "counts as done. After a restart that is expected; else an empty "
            "collection of the source was not copied, and \"{}\".\"{}\" is to be looked "
            "at",
            command.database, command.collection, command.to_database, command.to_collection));
    if (!exactly_once_) return;
    checkpoint_.store(connection_, nullptr, encoded.checkpoint);
    checkpoint_.committed(encoded.checkpoint);
}

/// A commit whose answer was lost may be asked for again. True when it is known to have happened.
bool MongoSink::commit_again() {
    if (!std::exchange(commit_unknown_, false)) return false;
    try {
        connection_.commit(*session_);
        return true;
    } catch (const MongoError& error) {
        if (error.commit_unknown()) {
            commit_unknown_ = true;
            throw;
        }
        return false;
    }
}

Sink::Recovery MongoSink::recover(const EncodedGroup& group) {
    const auto& encoded = static_cast<const Encoded&>(group);
    in_transaction_ = false;
    const bool is_committed = commit_again();
    connection_.describe_server();
    if (!exactly_once_) return is_committed ? Recovery::committed : Recovery::apply_again;
    switch (checkpoint_.renew(connection_, encoded.checkpoint)) {
        case PositionTable::Found::committed:
            checkpoint_.committed(encoded.checkpoint);
            return Recovery::committed;
        case PositionTable::Found::not_committed:
            return Recovery::apply_again;
        case PositionTable::Found::went_back:
            break;
    }
    return Recovery::start_over;
}

void MongoSink::abandon() noexcept {
    in_transaction_ = false;
    if (session_) connection_.abort(*session_);
}

void MongoSink::note(std::string text) {
    std::lock_guard lock(notes_mutex_);
    if (noted_.insert(text).second) notes_.push_back(std::move(text));
}

std::vector<std::string> MongoSink::take_notes() {
    std::lock_guard lock(notes_mutex_);
    return std::exchange(notes_, {});
}

}  // namespace dts
