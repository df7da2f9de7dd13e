#include "lib/sink/collection_command_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dts {

namespace {

using Kind = CollectionCommand::Kind;

constexpr int index_not_found = 27;

/// Adds the majority's journals, and runs it. A majority that does not answer makes it fail: it is
/// then executed again.
void run(MongoConnection& connection, const std::string& database, BsonWriter command) {
    const auto concern = command.open("writeConcern", BsonType::document);
    command.text("w", "majority").boolean("j", true);
    command.close(concern);
    const auto reply = connection.command(database, command.take());
    const auto failed = find_element(reply.bytes(), "writeConcernError");
    if (!failed || !failed->is_document()) return;
    const auto words = find_element(failed->as_document(), "errmsg");
    throw Error(ErrorKind::transient,
                fmt::format("MongoDB {}: a majority of the target has not confirmed: {}",
                            connection.name(), words ? words->as_text() : ""));
}

BsonWriter begin(const CollectionCommand& command) {
    BsonWriter writer;
    writer.text(command.name(), command.collection);
    return writer;
}

void add_fields(BsonWriter& writer, std::string_view fields) {
    BsonReader reader(fields);
    while (const auto field = reader.next()) writer.element(field->name, *field);
}

/// False when the server says that it is as the command would make it.
template <typename Codes, typename Action>
bool unless_done(const Codes& codes, Action action) {
    try {
        action();
        return true;
    } catch (const MongoError& error) {
        if (std::find(codes.begin(), codes.end(), error.code()) == codes.end()) throw;
        return false;
    }
}

void create(MongoConnection& connection, const CollectionCommand& command,
            std::string_view options) {
    unless_done(std::array{mongo_code::namespace_exists}, [&] {
        BsonWriter writer;
        writer.text("create", command.collection);
        add_fields(writer, options);
        run(connection, command.database, std::move(writer));
    });
}

void rename(MongoConnection& connection, const CollectionCommand& command) {
    BsonWriter writer;
    writer.text(command.name(), command.database + "." + command.collection);
    writer.text("to", command.to_database + "." + command.to_collection);
    writer.boolean("dropTarget", command.drops_target);
    run(connection, "admin", std::move(writer));
}

void create_indexes(MongoConnection& connection, const CollectionCommand& command) {
    if (command.body.size() <= empty_document.size()) return;
    BsonWriter writer = begin(command);
    writer.array("indexes", command.body);
    run(connection, command.database, std::move(writer));
}

void drop_indexes(MongoConnection& connection, const CollectionCommand& command) {
    BsonReader names(command.body);
    while (const auto name = names.next()) {
        unless_done(std::array{mongo_code::namespace_not_found, index_not_found}, [&] {
            BsonWriter writer = begin(command);
            writer.text("index", name->as_text());
            run(connection, command.database, std::move(writer));
        });
    }
}

/// A collection without documents need not be there yet.
void modify(MongoConnection& connection, const CollectionCommand& command) {
    const auto once = [&] {
        BsonWriter writer = begin(command);
        add_fields(writer, command.body);
        run(connection, command.database, std::move(writer));
    };
    if (unless_done(std::array{mongo_code::namespace_not_found}, once)) return;
    create(connection, command, empty_document);
    once();
}

bool execute(MongoConnection& connection, const CollectionCommand& command) {
    switch (command.kind) {
        case Kind::create:
            create(connection, command, command.body);
            break;
        case Kind::drop:
            unless_done(std::array{mongo_code::namespace_not_found},
                        [&] { run(connection, command.database, begin(command)); });
            break;
        case Kind::rename:
            return unless_done(std::array{mongo_code::namespace_not_found},
                               [&] { rename(connection, command); });
        case Kind::create_indexes:
            create_indexes(connection, command);
            break;
        case Kind::drop_indexes:
            drop_indexes(connection, command);
            break;
        case Kind::modify:
            modify(connection, command);
    }
    return true;
}

}  // namespace

bool execute_collection_command(MongoConnection& connection, const CollectionCommand& command) {
    try {
        return execute(connection, command);
    } catch (const MongoError& error) {
        const auto what = fmt::format("{} of \"{}\".\"{}\": {}", command.name(), command.database,
                                      command.collection, error.text());
        if (error.kind() == ErrorKind::permission)
            throw Error(ErrorKind::permission, what,
                        fmt::format("grant readWrite on {}, for collMod dbAdmin, and for a rename "
                                    "between databases both on both",
                                    command.database));
        if (error.kind() != ErrorKind::data) throw;
        throw Error(ErrorKind::data, what,
                    "what the target holds stands against it, or its version does not know it: "
                    "change that, or leave it out of [filter] do_ddls until the task is past it");
    }
}

}  // namespace dts
