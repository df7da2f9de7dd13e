#include "lib/sink/document_update.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/sink/document_diff.hpp"
#include "lib/sink/path_update.hpp"

namespace dts {

namespace {

using Kind = PathChange::Kind;

[[noreturn]] void unknown_form(std::string_view field) {
    throw Error(ErrorKind::data,
                fmt::format("an update with \"{}\", a form that is not known", field));
}

void add_paths(std::vector<PathChange>& changes, Kind kind, const BsonElement& fields) {
    BsonReader reader(fields.as_document());
    while (const auto field = reader.next()) changes.push_back({kind, field->name, {}, *field});
}

void add_removed(std::vector<PathChange>& changes, const BsonElement& names) {
    BsonReader reader(names.as_document());
    while (const auto name = reader.next())
        changes.push_back({Kind::remove, name->as_text(), {}, *name});
}

void add_truncated(std::vector<PathChange>& changes, const BsonElement& arrays) {
    BsonReader reader(arrays.as_document());
    while (const auto array = reader.next()) {
        const auto field = find_element(array->as_document(), "field");
        const auto size = find_element(array->as_document(), "newSize");
        if (!field || !size) unknown_form("truncatedArrays");
        changes.push_back({Kind::truncate, field->as_text(), {}, *size});
    }
}

std::vector<std::string_view> split_at_dots(std::string_view path) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto dot = std::min(path.find('.'), path.size());
        parts.push_back(path.substr(0, dot));
        if (dot == path.size()) return parts;
        path.remove_prefix(dot + 1);
    }
}

/// {"a.0.b.c": ["a", 0, "b.c"]}. `digits` owns the text of the indexes.
void part_paths(std::vector<PathChange>& changes, const BsonElement& parted,
                std::vector<std::unique_ptr<std::string>>& digits) {
    BsonReader paths(parted.as_document());
    while (const auto path = paths.next()) {
        std::vector<std::string_view> parts;
        BsonReader reader(path->as_document());
        while (const auto part = reader.next()) {
            if (part->type == BsonType::text) {
                parts.push_back(part->as_text());
            } else {
                digits.push_back(std::make_unique<std::string>(std::to_string(part->as_integer())));
                parts.push_back(*digits.back());
            }
        }
        for (PathChange& change : changes) {
            if (change.path == path->name) change.parts = parts;
        }
    }
    // What is not named there has no second reading: every dot separates.
    for (PathChange& change : changes) {
        if (change.parts.empty()) change.parts = split_at_dots(change.path);
    }
}

}  // namespace

UpdatedDocument apply_update(std::string_view document, std::string_view update) {
    std::vector<PathChange> changes;
    std::vector<std::unique_ptr<std::string>> digits;
    std::optional<BsonElement> diff;
    std::optional<BsonElement> parted;
    BsonReader reader(update);
    while (const auto field = reader.next()) {
        const auto name = field->name;
        if (name == "$v") continue;
        if (name == "diff") {
            diff = *field;
        } else if (name == "$set" || name == "updatedFields") {
            add_paths(changes, Kind::set, *field);
        } else if (name == "$unset") {
            add_paths(changes, Kind::remove, *field);
        } else if (name == "removedFields") {
            add_removed(changes, *field);
        } else if (name == "truncatedArrays") {
            add_truncated(changes, *field);
        } else if (name == "disambiguatedPaths") {
            parted = *field;
        } else {
            unknown_form(name);
        }
    }
    if (parted && parted->is_document()) part_paths(changes, *parted, digits);
    BsonWriter out;
    UpdatedDocument result;
    result.fits = diff ? apply_document_diff(document, diff->as_document(), out)
                       : apply_path_changes(document, std::move(changes), out);
    result.bytes = out.take();
    return result;
}

}  // namespace dts
