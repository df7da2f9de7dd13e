#include "lib/sink/document_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr std::uint32_t most_elements = 16 << 20;  // an array of 16 MiB cannot have more

struct FieldAction {
    enum class Kind : std::uint8_t { remove, update, insert, binary, nested };
    std::string_view name;
    Kind kind;
    BsonElement value;
    bool done = false;
};
using Kind = FieldAction::Kind;

[[noreturn]] void unknown_section(std::string_view name) {
    throw Error(ErrorKind::data, fmt::format("an update whose diff has the section \"{}\", which "
                                             "is not known",
                                             name));
}

void add_all(std::vector<FieldAction>& actions, Kind kind, const BsonElement& section) {
    BsonReader fields(section.as_document());
    while (const auto field = fields.next()) actions.push_back({field->name, kind, *field});
}

std::vector<FieldAction> read_sections(std::string_view diff) {
    std::vector<FieldAction> actions;
    BsonReader sections(diff);
    while (const auto section = sections.next()) {
        const auto name = section->name;
        if (name == "d") {
            add_all(actions, Kind::remove, *section);
        } else if (name == "u") {
            add_all(actions, Kind::update, *section);
        } else if (name == "i") {
            add_all(actions, Kind::insert, *section);
        } else if (name == "b") {
            add_all(actions, Kind::binary, *section);
        } else if (name.starts_with('s')) {
            actions.push_back({name.substr(1), Kind::nested, *section});
        } else {
            unknown_section(name);
        }
    }
    return actions;
}

bool is_array_diff(std::string_view diff) {
    const auto mark = find_element(diff, "a");
    return mark && mark->type == BsonType::boolean && mark->is_true();
}

/// {o: offset, d: bytes}: what stands behind the offset becomes these bytes.
bool write_binary(const BsonElement& old, const BsonElement& change, BsonWriter& out) {
    constexpr std::size_t head = 5;  // length and subtype
    const auto offset = find_element(change.as_document(), "o");
    const auto data = find_element(change.as_document(), "d");
    if (!offset || !data || data->type != BsonType::binary) unknown_section("b");
    const auto keep = offset->as_integer();
    if (old.type != BsonType::binary || keep < 0 ||
        static_cast<std::size_t>(keep) > old.value.size() - head) {
        out.element(old.name, old);
        return false;
    }
    std::string value(old.value.substr(0, head + static_cast<std::size_t>(keep)));
    value += data->value.substr(head);
    const auto length = static_cast<std::int32_t>(value.size() - head);
    std::memcpy(value.data(), &length, sizeof length);
    out.element(old.name, BsonType::binary, value);
    return true;
}

bool write_nested(const BsonElement& old, std::string_view name, std::string_view diff,
                  BsonWriter& out);

struct ArrayAction {
    std::uint32_t index;
    bool is_nested;
    BsonElement value;
};

std::uint32_t index_of(std::string_view digits) {
    std::uint32_t index = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (fault != std::errc() || end != digits.data() + digits.size() || index > most_elements)
        unknown_section(digits);
    return index;
}

bool write_array(std::string_view array, std::string_view diff, BsonWriter& out) {
    std::vector<ArrayAction> actions;
    std::optional<std::uint32_t> length;
    BsonReader sections(diff);
    while (const auto section = sections.next()) {
        const auto name = section->name;
        if (name == "a") continue;
        if (name == "l") {
            const auto wanted = section->as_integer();
            if (wanted < 0 || wanted > most_elements) unknown_section(name);
            length = static_cast<std::uint32_t>(wanted);
        } else if (name.size() > 1 && (name[0] == 'u' || name[0] == 's')) {
            actions.push_back({index_of(name.substr(1)), name[0] == 's', *section});
        } else {
            unknown_section(name);
        }
    }
    std::sort(actions.begin(), actions.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });

    bool fits = true;
    auto action = actions.begin();
    BsonReader elements(array);
    auto element = elements.next();
    for (std::uint32_t i = 0; element || action != actions.end() || (length && i < *length); ++i) {
        if (length && i >= *length) break;
        const auto name = std::to_string(i);
        const bool acts = action != actions.end() && action->index == i;
        if (acts && !action->is_nested) {
            out.element(name, action->value);
        } else if (acts && element) {
            fits = write_nested(*element, name, action->value.as_document(), out) && fits;
        } else if (element) {
            out.element(name, *element);
        } else {
            fits = fits && !acts;
            out.null(name);
        }
        if (acts) ++action;
        if (element) element = elements.next();
    }
    return fits;
}

bool write_nested(const BsonElement& old, std::string_view name, std::string_view diff,
                  BsonWriter& out) {
    const bool of_array = is_array_diff(diff);
    if (of_array ? !old.is_array() : !old.is_document()) {
        out.element(name, old);
        return false;
    }
    const auto begin = out.open(name, old.type);
    const bool fits =
        of_array ? write_array(old.value, diff, out) : apply_document_diff(old.value, diff, out);
    out.close(begin);
    return fits;
}

}  // namespace

bool apply_document_diff(std::string_view document, std::string_view diff, BsonWriter& out) {
    std::vector<FieldAction> actions = read_sections(diff);
    std::vector<std::size_t> by_name(actions.size());
    for (std::size_t i = 0; i < by_name.size(); ++i) by_name[i] = i;
    std::stable_sort(by_name.begin(), by_name.end(), [&](std::size_t a, std::size_t b) {
        return actions[a].name < actions[b].name;
    });
    const auto find = [&](std::string_view name) -> FieldAction* {
        const auto at = std::lower_bound(
            by_name.begin(), by_name.end(), name,
            [&](std::size_t i, std::string_view wanted) { return actions[i].name < wanted; });
        return at != by_name.end() && actions[*at].name == name ? &actions[*at] : nullptr;
    };

    bool fits = true;
    BsonReader fields(document);
    while (const auto field = fields.next()) {
        FieldAction* action = find(field->name);
        if (action == nullptr) {
            out.element(field->name, *field);
            continue;
        }
        switch (action->kind) {
            case Kind::remove:
                action->done = true;
                break;
            case Kind::update:
                out.element(field->name, action->value);
                action->done = true;
                break;
            case Kind::insert:
                break;  // comes last, wherever it stood
            case Kind::binary:
                fits = write_binary(*field, action->value, out) && fits;
                action->done = true;
                break;
            case Kind::nested:
                fits = write_nested(*field, field->name, action->value.as_document(), out) && fits;
                action->done = true;
                break;
        }
    }
    for (const FieldAction& action : actions) {
        if (action.done) continue;
        if (action.kind == Kind::insert) {
            out.element(action.name, action.value);
        } else if (action.kind == Kind::update) {
            out.element(action.name, action.value);
            fits = false;
        } else {
            fits = false;
        }
    }
    return fits;
}

}  // namespace dts
