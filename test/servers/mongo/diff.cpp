#include "test/servers/mongo/diff.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "test/servers/mongo/path.hpp"

namespace standin {

namespace {

Value empty_document() {
    return Value::document(std::vector<Field>());
}

/// The paths that were written, as a tree; a leaf means all below.
struct Written {
    std::map<std::string, Written> below;
    bool whole = false;
};

Written tree_of(const std::set<std::string>& paths) {
    Written root;
    for (const auto& path : paths) {
        Written* at = &root;
        for (const auto& part : path_parts(path)) at = &at->below[part];
        at->whole = true;
    }
    return root;
}

std::optional<Value> container_diff(const Value& before, const Value& after,
                                    const Written* written);

/// Whether it may be told as a change inside. What operators wrote whole is told whole, but for
/// what was appended to an array that had elements ($push).
bool goes_inside(const Value& before, const Value& after, const Written* written) {
    if (before.type() != after.type() || !before.is_container()) return false;
    if (written == nullptr) return before.size() > 0 && after.size() > 0;
    if (!written->whole) return true;
    if (!before.is_array() || before.size() == 0 || after.size() <= before.size()) return false;
    const auto old = before.elements(), now = after.elements();
    return std::equal(old.begin(), old.end(), now.begin(),
                      [](const Value& a, const Value& b) { return a.same(b); });
}

void add_changed(const Field& after, const Value& before, const Written* written, Value& updates,
                 std::vector<Field>& inner) {
    if (before.same(after.value)) return;
    if (goes_inside(before, after.value, written)) {
        const bool appended = written != nullptr && written->whole;
        auto diff = container_diff(before, after.value, appended ? nullptr : written);
        if (diff) {
            inner.push_back({"s" + after.name, std::move(*diff)});
            return;
        }
    }
    updates.append(after.name, after.value);
}

const Written* below(const Written* written, const std::string& name, bool& concerned) {
    concerned = true;
    if (written == nullptr) return nullptr;
    const auto found = written->below.find(name);
    concerned = found != written->below.end();
    return concerned ? &found->second : nullptr;
}

std::optional<Value> array_diff(const Value& before, const Value& after, const Written* written) {
    Value diff{{"a", true}};
    if (after.size() < before.size()) {
        diff.append("l", static_cast<std::int32_t>(after.size()));
    }
    for (const auto& field : after.fields()) {
        bool concerned = false;
        const Written* inside = below(written, field.name, concerned);
        const Value* old = before.find(field.name);
        if (old == nullptr) {
            diff.append("u" + field.name, field.value);
        } else if (concerned) {
            Value updates = empty_document();
            std::vector<Field> inner;
            add_changed(field, *old, inside, updates, inner);
            for (const auto& update : updates.fields()) diff.append("u" + field.name, update.value);
            for (auto& one : inner) diff.append(one.name, std::move(one.value));
        }
    }
    return diff;
}

std::optional<Value> document_diff(const Value& before, const Value& after,
                                   const Written* written) {
    Value removed = empty_document(), updated = empty_document(), inserted = empty_document();
    std::vector<Field> inner;
    for (const auto& field : before.fields()) {
        if (!after.has(field.name)) removed.append(field.name, false);
    }
    for (const auto& field : after.fields()) {
        bool concerned = false;
        const Written* inside = below(written, field.name, concerned);
        const Value* old = before.find(field.name);
        if (old == nullptr) {
            inserted.append(field.name, field.value);
        } else if (concerned) {
            add_changed(field, *old, inside, updated, inner);
        }
    }
    Value diff = empty_document();
    if (removed.size() > 0) diff.append("d", std::move(removed));
    if (updated.size() > 0) diff.append("u", std::move(updated));
    if (inserted.size() > 0) diff.append("i", std::move(inserted));
    for (auto& one : inner) diff.append(one.name, std::move(one.value));
    if (!apply_diff(before, diff).same(after)) return std::nullopt;
    return diff;
}

std::optional<Value> container_diff(const Value& before, const Value& after,
                                    const Written* written) {
    return before.is_array() ? array_diff(before, after, written)
                             : document_diff(before, after, written);
}

bool is_array_diff(const Value& diff) {
    const Value* mark = diff.find("a");
    return mark != nullptr && mark->type() == Type::boolean;
}

Value apply_array_diff(const Value& before, const Value& diff) {
    auto elements = before.elements();
    for (const auto& [name, value] : diff.fields()) {
        if (name == "l") {
            elements.resize(static_cast<std::size_t>(value.integer()));
        } else if (name.size() > 1 && (name[0] == 'u' || name[0] == 's')) {
            const auto index = static_cast<std::size_t>(std::stoul(name.substr(1)));
            if (elements.size() <= index) elements.resize(index + 1);
            elements[index] = name[0] == 'u' ? value : apply_diff(elements[index], value);
        }
    }
    return Value::array(std::move(elements));
}

/// What a diff says, path by path.
struct Listing {
    Value updated = empty_document();
    std::vector<Value> removed;
    std::vector<Value> truncated;
    Value ambiguous = empty_document();

    struct Place {
        std::string path;
        std::vector<Value> parts;  ///< field names, and int32 for places in arrays
        bool doubtful = false;     ///< a field's name that is a number or has a dot
    };

    static Place below(const Place& place, const std::string& name, bool in_array) {
        Place next = place;
        next.path += (place.parts.empty() ? "" : ".") + name;
        if (in_array) {
            next.parts.emplace_back(static_cast<std::int32_t>(std::stol(name)));
        } else {
            next.parts.emplace_back(name);
            next.doubtful = place.doubtful || is_index(name) || name.find('.') != std::string::npos;
        }
        return next;
    }

    void note(const Place& place) {
        if (place.doubtful) ambiguous.append(place.path, Value::array(place.parts));
    }

    void update(const Place& place, const Value& value) {
        updated.append(place.path, value);
        note(place);
    }

    void walk(const Value& diff, const Place& place) {
        const bool in_array = is_array_diff(diff);
        for (const auto& [name, value] : diff.fields()) {
            if (in_array) {
                if (name == "l") {
                    truncated.push_back(
                        Value{{"field", place.path},
                              {"newSize", static_cast<std::int32_t>(value.integer())}});
                    note(place);
                } else if (name[0] == 'u') {
                    update(below(place, name.substr(1), true), value);
                } else if (name[0] == 's') {
                    walk(value, below(place, name.substr(1), true));
                }
            } else if (name == "u" || name == "i") {
                for (const auto& field : value.fields()) {
                    update(below(place, field.name, false), field.value);
                }
            } else if (name == "d") {
                for (const auto& field : value.fields()) {
                    const auto gone = below(place, field.name, false);
                    removed.emplace_back(gone.path);
                    note(gone);
                }
            } else if (name[0] == 's') {
                walk(value, below(place, name.substr(1), false));
            }
        }
    }
};

}  // namespace

std::optional<Value> diff_of(const Value& before, const Value& after,
                             const std::set<std::string>* paths) {
    const Written written = paths ? tree_of(*paths) : Written();
    return document_diff(before, after, paths ? &written : nullptr);
}

Value apply_diff(const Value& before, const Value& diff) {
    if (is_array_diff(diff)) return apply_array_diff(before, diff);
    Value after = before;
    for (const auto& [section, content] : diff.fields()) {
        if (section == "d") {
            for (const auto& field : content.fields()) after.remove(field.name);
        } else if (section == "u" || section == "i") {
            for (const auto& field : content.fields()) after.set(field.name, field.value);
        } else if (section.size() > 1 && section[0] == 's') {
            const auto name = section.substr(1);
            const Value* old = std::as_const(after).find(name);
            if (old != nullptr) after.set(name, apply_diff(*old, content));
        }
    }
    return after;
}

Value modifiers_of(const Value& diff, const Value& after) {
    Listing listing;
    listing.walk(diff, {});
    Value set = listing.updated, unset = empty_document();
    for (const auto& path : listing.removed) unset.append(path.text(), true);
    for (const auto& one : listing.truncated) {
        const auto path = one.text_of("field");
        std::erase_if(set.fields(),
                      [&](const Field& field) { return field.name.starts_with(path + "."); });
        set.set(path, *value_at(after, path_parts(path)));
    }
    Value modifiers{{"$v", std::int32_t{1}}};
    if (unset.size() > 0) modifiers.append("$unset", std::move(unset));
    if (set.size() > 0) modifiers.append("$set", std::move(set));
    return modifiers;
}

Value update_description(const Value& o, bool expanded) {
    Listing listing;
    if (const Value* diff = o.find("diff")) {
        listing.walk(*diff, {});
    } else {
        if (const Value* set = o.find("$set")) listing.updated = *set;
        if (const Value* unset = o.find("$unset")) {
            for (const auto& field : unset->fields()) listing.removed.emplace_back(field.name);
        }
    }
    Value description{{"updatedFields", listing.updated},
                      {"removedFields", Value::array(std::move(listing.removed))},
                      {"truncatedArrays", Value::array(std::move(listing.truncated))}};
    if (expanded) description.append("disambiguatedPaths", listing.ambiguous);
    return description;
}

}  // namespace standin
