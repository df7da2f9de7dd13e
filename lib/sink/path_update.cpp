#include "lib/sink/path_update.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "lib/base/error.hpp"

namespace dts {

namespace {

using Kind = PathChange::Kind;

constexpr std::uint32_t most_elements = 16 << 20;  // an array of 16 MiB cannot have more

/// Everything that happens to one field or element.
struct FieldChange {
    std::string_view name;
    const BsonElement* set = nullptr;
    bool removes = false;
    std::optional<std::uint32_t> length;
    std::vector<PathChange> nested;
    bool done = false;

    bool creates() const noexcept {
        return set != nullptr || std::any_of(nested.begin(), nested.end(), [](const auto& change) {
                   return change.kind == Kind::set;
               });
    }
};

std::optional<std::uint32_t> as_index(std::string_view name) {
    std::uint32_t index = 0;
    const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool is_index =
        fault == std::errc() && end == name.data() + name.size() && index < most_elements;
    return is_index ? std::optional(index) : std::nullopt;
}

/// The field of the document that a dotted path begins with.
std::string_view first_name(std::string_view document, std::string_view path) {
    const auto dot = path.find('.');
    if (dot == std::string_view::npos) return path;
    const auto plain = path.substr(0, dot);
    bool leads_on = false;
    std::string_view dotted;
    BsonReader fields(document);
    while (const auto field = fields.next()) {
        if (field->name == plain) leads_on = field->is_document() || field->is_array();
        const bool is_dotted =
            field->name.size() > plain.size() && path.starts_with(field->name) &&
            (path.size() == field->name.size() || path[field->name.size()] == '.');
        if (!is_dotted) continue;
        if (!dotted.empty()) leads_on = true;
        dotted = path.substr(0, field->name.size());
    }
    if (dotted.empty()) return plain;
    if (leads_on)
        throw Error(ErrorKind::data,
                    fmt::format("an update of \"{}\" can be read in two ways: the document has a "
                                "field of that name and one that the path leads through",
                                path),
                    "a source from MongoDB 6.1 says which is meant, and so does "
                    "[extractor] source=op_log from 5.0");
    return dotted;
}

FieldChange& entry_of(std::vector<FieldChange>& fields, std::string_view name) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const auto& field) { return field.name == name; });
    if (found != fields.end()) return *found;
    fields.emplace_back();
    fields.back().name = name;
    return fields.back();
}

/// One entry a field, in the order in which they are first named.
std::vector<FieldChange> by_field(std::string_view container, bool is_array,
                                  const std::vector<PathChange>& changes) {
    std::vector<FieldChange> fields;
    for (const PathChange& change : changes) {
        PathChange rest = change;
        std::string_view name;
        bool is_last = false;
        if (!change.parts.empty()) {
            name = change.parts.front();
            rest.parts.erase(rest.parts.begin());
            is_last = rest.parts.empty();
        } else {
            name = is_array ? change.path.substr(0, change.path.find('.'))
                            : first_name(container, change.path);
            is_last = name.size() == change.path.size();
            rest.path.remove_prefix(is_last ? name.size() : name.size() + 1);
        }
        FieldChange& field = entry_of(fields, name);
        if (!is_last) {
            field.nested.push_back(std::move(rest));
        } else if (change.kind == Kind::set) {
            field.set = &change.value;
        } else if (change.kind == Kind::remove) {
            field.removes = true;
        } else {
            const auto length = change.value.as_integer();
            field.length =
                static_cast<std::uint32_t>(std::clamp<std::int64_t>(length, 0, most_elements));
        }
    }
    return fields;
}

bool write_fields(std::string_view document, const std::vector<PathChange>& changes,
                  BsonWriter& out);
bool write_elements(std::string_view array, const FieldChange& change, BsonWriter& out);

/// A field that is there, as the change leaves it.
bool write_changed(const BsonElement& old, std::string_view name, FieldChange& change,
                   BsonWriter& out) {
    change.done = true;
    if (change.set != nullptr) {
        out.element(name, *change.set);
        return true;
    }
    const bool fits = change.length ? old.is_array() : old.is_array() || old.is_document();
    if (!fits) {
        out.element(name, old);
        return false;
    }
    const auto begin = out.open(name, old.type);
    const bool all_fit = old.is_array() ? write_elements(old.value, change, out)
                                        : write_fields(old.value, change.nested, out);
    out.close(begin);
    return all_fit;
}

/// A field that is not there: the value, or the documents that lead to it.
bool write_new(std::string_view name, const FieldChange& change, BsonWriter& out) {
    if (change.set != nullptr) {
        out.element(name, *change.set);
        return true;
    }
    if (!change.creates()) return false;
    const auto begin = out.open(name, BsonType::document);
    const bool fits = write_fields(empty_document, change.nested, out);
    out.close(begin);
    return fits;
}

bool write_fields(std::string_view document, const std::vector<PathChange>& changes,
                  BsonWriter& out) {
    auto fields = by_field(document, false, changes);
    bool fits = true;
    BsonReader reader(document);
    while (const auto old = reader.next()) {
        const auto change = std::find_if(fields.begin(), fields.end(),
                                         [&](const auto& f) { return f.name == old->name; });
        if (change == fields.end()) {
            out.element(old->name, *old);
        } else if (change->removes && change->set == nullptr) {
            change->done = true;
        } else {
            fits = write_changed(*old, old->name, *change, out) && fits;
        }
    }
    for (const FieldChange& change : fields) {
        if (!change.done) fits = write_new(change.name, change, out) && fits;
    }
    return fits;
}

bool write_elements(std::string_view array, const FieldChange& change, BsonWriter& out) {
    auto fields = by_field(array, true, change.nested);
    bool fits = true;
    std::vector<std::pair<std::uint32_t, FieldChange*>> by_index;
    for (FieldChange& field : fields) {
        const auto index = as_index(field.name);
        if (index) {
            by_index.emplace_back(*index, &field);
        } else {
            fits = false;
        }
    }
    std::sort(by_index.begin(), by_index.end());
    // Where elements come in that the array did not reach to.
    std::uint32_t new_end = 0;
    for (const auto& [index, field] : by_index) {
        if (field->creates()) new_end = index + 1;
    }

    auto at = by_index.begin();
    BsonReader reader(array);
    auto old = reader.next();
    for (std::uint32_t i = 0; old || i < new_end; ++i) {
        const bool is_cut = change.length && i >= *change.length;
        if (is_cut && i >= new_end) break;
        const auto name = std::to_string(i);
        FieldChange* field = at != by_index.end() && at->first == i ? at->second : nullptr;
        if (field != nullptr && field->removes && field->set == nullptr) {
            out.null(name);  // as the server does: the others keep their places
        } else if (field != nullptr && old && !is_cut) {
            fits = write_changed(*old, name, *field, out) && fits;
        } else if (field != nullptr) {
            if (field->creates()) {
                fits = write_new(name, *field, out) && fits;
            } else {
                out.null(name);
                fits = false;
            }
        } else if (old && !is_cut) {
            out.element(name, *old);
        } else {
            out.null(name);
        }
        if (field != nullptr) ++at;
        if (old) old = reader.next();
    }
    return fits;
}

}  // namespace

bool apply_path_changes(std::string_view document, std::vector<PathChange> changes,
                        BsonWriter& out) {
    return write_fields(document, changes, out);
}

}  // namespace dts
