#include "lib/source/mongo/collection_commands.hpp"

#include <algorithm>
#include <array>

#include "lib/client/bson_bytes.hpp"

namespace dts {

namespace {

using Kind = CollectionCommand::Kind;

std::string_view bytes_or_none(std::string_view document) {
    return document.empty() ? empty_document : document;
}

/// All fields but the first `skip` and those that only the source's server has a use for.
std::string fields_of(std::string_view document, unsigned skip = 0) {
    constexpr std::array<std::string_view, 6> own = {"idIndex",     "uuid", "temp",
                                                     "autoIndexId", "ns",   "flags"};
    BsonWriter writer;
    BsonReader reader(document);
    while (const auto field = reader.next()) {
        if (skip > 0) {
            --skip;
        } else if (std::find(own.begin(), own.end(), field->name) == own.end()) {
            writer.element(field->name, *field);
        }
    }
    return writer.take();
}

/// Specifications of indexes; nothing is left of the index of _id.
std::string specifications(const BsonElement& indexes) {
    BsonWriter writer;
    unsigned count = 0;
    BsonReader reader(indexes.as_document());
    while (const auto index = reader.next()) {
        const auto name = find_element(index->as_document(), "name");
        if (name && name->type == BsonType::text && name->as_text() == "_id_") continue;
        writer.document(std::to_string(count++), fields_of(index->as_document()));
    }
    return writer.take();
}

std::string one_specification(std::string specification) {
    BsonWriter writer;
    writer.document("0", specification);
    return writer.take();
}

std::string names_of(const BsonElement& indexes) {
    BsonWriter writer;
    unsigned count = 0;
    BsonReader reader(indexes.as_document());
    while (const auto index = reader.next()) {
        if (const auto name = find_element(index->as_document(), "name"))
            writer.text(std::to_string(count++), name->as_text());
    }
    return writer.take();
}

std::string one_name(std::string_view name) {
    BsonWriter writer;
    writer.text("0", name);
    return writer.take();
}

/// "database.collection"; the collection may have dots.
void split(std::string_view full, std::string& database, std::string& collection) {
    const auto dot = std::min(full.find('.'), full.size());
    database = full.substr(0, dot);
    collection = full.substr(std::min(dot + 1, full.size()));
}

bool drops_target(const std::optional<BsonElement>& field) {
    return field && (field->type == BsonType::binary || field->is_true());
}

std::optional<CollectionCommand> with_body(CollectionCommand command, Kind kind, std::string body) {
    command.kind = kind;
    command.body = std::move(body);
    if (kind == Kind::create && find_element(command.body, "viewOn")) return std::nullopt;
    return command;
}

}  // namespace

std::optional<CollectionCommand> command_of_entry(const OplogEntry& entry) {
    const auto name = entry.command();
    const auto first = entry.object.empty() ? std::nullopt : BsonReader(entry.object).next();
    if (entry.from_migrate || !first || first->type != BsonType::text) return std::nullopt;
    CollectionCommand command{Kind::drop, std::string(entry.database),
                              std::string(first->as_text())};
    if (name == "drop") return command;
    if (name == "create") return with_body(command, Kind::create, fields_of(entry.object, 1));
    if (name == "collMod") return with_body(command, Kind::modify, fields_of(entry.object, 1));
    if (name == "createIndexes")
        return with_body(command, Kind::create_indexes,
                         one_specification(fields_of(entry.object, 1)));
    if (name == "commitIndexBuild") {
        const auto indexes = find_element(entry.object, "indexes");
        if (!indexes || !indexes->is_array()) return std::nullopt;
        return with_body(command, Kind::create_indexes, specifications(*indexes));
    }
    if (name == "dropIndexes" || name == "deleteIndexes") {
        const auto index = find_element(entry.object, "index");
        if (!index || index->type != BsonType::text) return std::nullopt;
        return with_body(command, Kind::drop_indexes, one_name(index->as_text()));
    }
    if (name != "renameCollection") return std::nullopt;
    const auto to = find_element(entry.object, "to");
    if (!to || to->type != BsonType::text) return std::nullopt;
    command.kind = Kind::rename;
    split(first->as_text(), command.database, command.collection);
    split(to->as_text(), command.to_database, command.to_collection);
    command.drops_target = drops_target(find_element(entry.object, "dropTarget"));
    return command;
}

std::optional<CollectionCommand> command_of_event(const CollectionEvent& event) {
    const auto& operation = event.operation;
    const auto description = bytes_or_none(event.description);
    CollectionCommand command{Kind::drop, std::string(event.database),
                              std::string(event.collection)};
    if (operation == "drop") return command;
    if (operation == "create") return with_body(command, Kind::create, fields_of(description));
    if (operation == "modify") return with_body(command, Kind::modify, fields_of(description));
    if (operation == "createIndexes" || operation == "dropIndexes") {
        const auto indexes = find_element(description, "indexes");
        if (!indexes || !indexes->is_array()) return std::nullopt;
        if (operation == "createIndexes")
            return with_body(command, Kind::create_indexes, specifications(*indexes));
        return with_body(command, Kind::drop_indexes, names_of(*indexes));
    }
    if (operation != "rename") return std::nullopt;
    command.kind = Kind::rename;
    command.to_database = event.to_database;
    command.to_collection = event.to_collection;
    // Servers before 6.0 do not say; what had that name at the source is gone in any case.
    command.drops_target =
        event.description.empty() || drops_target(find_element(description, "dropTarget"));
    return command;
}

}  // namespace dts
