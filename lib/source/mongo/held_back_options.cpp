#include "lib/source/mongo/held_back_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/client/bson_bytes.hpp"

namespace dts {

namespace {

using Kind = CollectionCommand::Kind;
using Notes = std::vector<std::string>;

constexpr std::string_view expiry = "expireAfterSeconds";

bool is_of_capped(std::string_view field) {
    constexpr std::array<std::string_view, 5> names = {"capped", "size", "max", "cappedSize",
                                                       "cappedMax"};
    return std::find(names.begin(), names.end(), field) != names.end();
}

std::string number_text(const BsonElement& element) {
    if (element.type == BsonType::float64) {
        double number = 0;
        std::memcpy(&number, element.value.data(), sizeof number);
        return fmt::format("{}", number);
    }
    return element.is_number() ? std::to_string(element.as_integer()) : "?";
}

/// One that is given by its key has no name here.
std::string index_text(std::string_view index) {
    const auto name = find_element(index, "name");
    return name && name->type == BsonType::text ? fmt::format("index \"{}\"", name->as_text())
                                                : std::string("an index");
}

/// A specification, or the `index` of a collMod.
std::string inert_index(std::string_view index, const CollectionCommand& command, Notes& notes) {
    BsonWriter writer;
    BsonReader reader(index);
    while (const auto field = reader.next()) {
        if (field->name != expiry) {
            writer.element(field->name, *field);
            continue;
        }
        writer.int32(expiry, longest_expiry);
        notes.push_back(fmt::format(
            "{} of \"{}\".\"{}\" lets documents expire at the source after {} seconds: in the "
            "target {}={} until the switch-over, collMod gives it the source's then",
            index_text(index), command.database, command.collection, number_text(*field), expiry,
            longest_expiry));
    }
    return writer.take();
}

std::string inert_indexes(const CollectionCommand& command, Notes& notes) {
    BsonWriter writer;
    BsonReader reader(command.body);
    while (const auto index = reader.next())
        writer.document(index->name, inert_index(index->as_document(), command, notes));
    return writer.take();
}

std::string inert_options(const CollectionCommand& command, Notes& notes) {
    BsonWriter writer;
    std::string capped;
    BsonReader reader(command.body);
    while (const auto field = reader.next()) {
        if (is_of_capped(field->name)) {
            capped += fmt::format(
                "{}{}={}", capped.empty() ? "" : ", ", field->name,
                field->is_number() ? number_text(*field) : (field->is_true() ? "true" : "false"));
        } else if (field->name == expiry && field->is_number()) {
            notes.push_back(fmt::format(
                "\"{}\".\"{}\" lets documents expire at the source after {} seconds: not in the "
                "target until collMod says so at the switch-over",
                command.database, command.collection, number_text(*field)));
        } else if (field->name == "index" && field->is_document()) {
            writer.document("index", inert_index(field->as_document(), command, notes));
        } else {
            writer.element(field->name, *field);
        }
    }
    if (!capped.empty())
        notes.push_back(fmt::format(
            "\"{}\".\"{}\" is capped at the source ({}): in the target it is not, for "
            "transactions must not write to such a one; convertToCapped makes it so at the "
            "switch-over",
            command.database, command.collection, capped));
    return writer.take();
}

}  // namespace

std::vector<std::string> hold_back_options(CollectionCommand& command) {
    Notes notes;
    if (command.body.empty()) return notes;
    if (command.kind == Kind::create_indexes) {
        command.body = inert_indexes(command, notes);
    } else if (command.kind == Kind::create || command.kind == Kind::modify) {
        command.body = inert_options(command, notes);
    }
    return notes;
}

}  // namespace dts
