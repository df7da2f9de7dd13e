#include "test/servers/mongo/path.hpp"

#include <algorithm>
#include <utility>

namespace standin {

std::vector<std::string> path_parts(std::string_view path) {
    std::vector<std::string> parts;
    for (;;) {
        const auto dot = path.find('.');
        parts.emplace_back(path.substr(0, dot));
        if (dot == std::string_view::npos) return parts;
        path.remove_prefix(dot + 1);
    }
}

bool is_index(std::string_view part) {
    return !part.empty() && part.size() < 10 && (part == "0" || part[0] != '0') &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const Value* value_at(const Value& document, const std::vector<std::string>& parts) {
    const Value* value = &document;
    for (const auto& part : parts) {
        value = value->find(part);
        if (value == nullptr) return nullptr;
    }
    return value;
}

namespace {

void set_below(Value& container, const std::vector<std::string>& parts, std::size_t depth,
               Value value) {
    const std::string& part = parts[depth];
    if (!container.is_container()) {
        throw std::runtime_error("Cannot create field '" + part +
                                 "' in a value that is no document");
    }
    if (container.is_array()) {
        if (!is_index(part)) {
            throw std::runtime_error("Cannot create field '" + part + "' in an array");
        }
        const auto index = static_cast<std::size_t>(std::stoul(part));
        if (index > 1'500'000) throw std::runtime_error("an array index that is too large");
        while (container.size() <= index) container.push(Value());
        if (depth + 1 < parts.size() && !container.find(part)->is_container()) {
            container.set(part, Value::document(std::vector<Field>()));
        }
    } else if (!container.has(part)) {
        container.append(
            part, depth + 1 < parts.size() ? Value::document(std::vector<Field>()) : Value());
    }
    Value& place = *container.find(part);
    if (depth + 1 == parts.size()) {
        place = std::move(value);
    } else {
        set_below(place, parts, depth + 1, std::move(value));
    }
}

void unset_below(Value& container, const std::vector<std::string>& parts, std::size_t depth) {
    if (!std::as_const(container).has(parts[depth])) return;
    if (depth + 1 < parts.size()) {
        unset_below(*container.find(parts[depth]), parts, depth + 1);
    } else if (container.is_array()) {
        container.set(parts[depth], Value());
    } else {
        container.remove(parts[depth]);
    }
}

bool any_below(const Value& value, const std::vector<std::string>& parts, std::size_t depth,
               const std::function<bool(const Value*)>& visitor) {
    if (depth == parts.size()) return visitor(&value);
    if (value.is_document()) {
        const Value* next = value.find(parts[depth]);
        return next == nullptr ? visitor(nullptr) : any_below(*next, parts, depth + 1, visitor);
    }
    if (!value.is_array()) return visitor(nullptr);
    if (is_index(parts[depth])) {
        const Value* next = value.find(parts[depth]);
        if (next != nullptr && any_below(*next, parts, depth + 1, visitor)) return true;
    }
    for (const auto& field : value.fields()) {
        if (field.value.is_document() && any_below(field.value, parts, depth, visitor)) return true;
    }
    return false;
}

}  // namespace

void set_at(Value& document, const std::vector<std::string>& parts, Value value) {
    set_below(document, parts, 0, std::move(value));
}

void unset_at(Value& document, const std::vector<std::string>& parts) {
    unset_below(document, parts, 0);
}

bool any_value_at(const Value& document, const std::vector<std::string>& parts,
                  const std::function<bool(const Value*)>& visitor) {
    return any_below(document, parts, 0, visitor);
}

}  // namespace standin
