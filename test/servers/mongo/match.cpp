#include "test/servers/mongo/match.hpp"

#include <algorithm>
#include <regex>

#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/path.hpp"
#include "test/servers/mongo/value_key.hpp"

namespace standin {

namespace {

std::regex regex_of(const Value& pattern, const Value* options) {
    std::string text, flags;
    if (pattern.type() == Type::regex) {
        text = pattern.bytes().c_str();
        flags = pattern.bytes().c_str() + text.size() + 1;
    } else {
        text = pattern.text();
    }
    if (options != nullptr) flags = options->text();
    auto how = std::regex::ECMAScript;
    if (flags.find('i') != std::string::npos) how |= std::regex::icase;
    return std::regex(text, how);
}

bool matches_regex(const Value& value, const Value& pattern, const Value* options) {
    if (pattern.same(value)) return true;
    return value.is_text() && std::regex_search(value.text(), regex_of(pattern, options));
}

/// null equals what is absent.
bool equals(const Value* value, const Value& wanted) {
    if (wanted.type() == Type::null) return value == nullptr || value->type() == Type::null;
    if (value == nullptr) return false;
    if (wanted.type() == Type::regex) return matches_regex(*value, wanted, nullptr);
    return key_of(*value) == key_of(wanted);
}

bool compares(const Value* value, std::string_view how, const Value& bound) {
    if (value == nullptr || !comparable(*value, bound)) return false;
    const int order = key_of(*value).compare(key_of(bound));
    if (how == "$gt") return order > 0;
    if (how == "$gte") return order >= 0;
    if (how == "$lt") return order < 0;
    return order <= 0;
}

/// The path's value itself, or any element of it where it is an array.
bool any_of(const Value& document, const std::vector<std::string>& parts,
            const std::function<bool(const Value*)>& test) {
    return any_value_at(document, parts, [&](const Value* value) {
        if (test(value)) return true;
        if (value == nullptr || !value->is_array()) return false;
        const auto& elements = value->fields();
        return std::any_of(elements.begin(), elements.end(),
                           [&](const Field& element) { return test(&element.value); });
    });
}

bool fulfils_operator(const Value& document, const std::vector<std::string>& parts,
                      const std::string& name, const Value& operand, const Value& all) {
    if (name == "$eq") return any_of(document, parts, [&](auto* v) { return equals(v, operand); });
    if (name == "$ne") return !any_of(document, parts, [&](auto* v) { return equals(v, operand); });
    if (name == "$gt" || name == "$gte" || name == "$lt" || name == "$lte") {
        return any_of(document, parts, [&](auto* v) { return compares(v, name, operand); });
    }
    if (name == "$in" || name == "$nin") {
        const bool found = any_of(document, parts, [&](auto* v) {
            const auto& wanted = operand.fields();
            return std::any_of(wanted.begin(), wanted.end(),
                               [&](const Field& one) { return equals(v, one.value); });
        });
        return found == (name == "$in");
    }
    if (name == "$exists") {
        return any_value_at(document, parts, [](auto* v) { return v != nullptr; }) ==
               operand.truthy();
    }
    if (name == "$regex") {
        return any_of(document, parts, [&](auto* v) {
            return v != nullptr && matches_regex(*v, operand, all.find("$options"));
        });
    }
    if (name == "$options") return true;
    if (name == "$size") {
        return any_value_at(document, parts, [&](auto* v) {
            return v != nullptr && v->is_array() &&
                   static_cast<std::int64_t>(v->size()) == operand.integer(-1);
        });
    }
    if (name == "$not") {
        for (const auto& [inner, value] : operand.fields()) {
            if (!fulfils_operator(document, parts, inner, value, operand)) return true;
        }
        return false;
    }
    throw failure(code::bad_value, "unknown operator: " + name);
}

bool fulfils(const Value& document, const std::string& path, const Value& condition) {
    const auto parts = path_parts(path);
    if (!is_operator_document(condition)) {
        return any_of(document, parts, [&](auto* v) { return equals(v, condition); });
    }
    const auto& all = condition.fields();
    return std::all_of(all.begin(), all.end(), [&](const Field& one) {
        return fulfils_operator(document, parts, one.name, one.value, condition);
    });
}

bool matches_one(const Field& condition, const Value& document) {
    const auto any = [&] {
        const auto& all = condition.value.fields();
        return std::any_of(all.begin(), all.end(),
                           [&](const Field& one) { return matches(one.value, document); });
    };
    if (condition.name == "$or") return any();
    if (condition.name == "$nor") return !any();
    if (condition.name == "$and") {
        const auto& all = condition.value.fields();
        return std::all_of(all.begin(), all.end(),
                           [&](const Field& one) { return matches(one.value, document); });
    }
    if (condition.name == "$comment") return true;
    if (condition.name.starts_with('$')) {
        throw failure(code::bad_value, "unknown top level operator: " + condition.name);
    }
    return fulfils(document, condition.name, condition.value);
}

}  // namespace

bool is_operator_document(const Value& value) {
    if (!value.is_document() || value.size() == 0) return false;
    return value.fields().front().name.starts_with('$');
}

bool matches(const Value& filter, const Value& document) {
    const auto& all = filter.fields();
    return std::all_of(all.begin(), all.end(),
                       [&](const Field& one) { return matches_one(one, document); });
}

bool value_fulfils(const Value& condition, const Value& value) {
    if (is_operator_document(condition)) {
        return fulfils(Value{{"v", value}}, "v", condition);
    }
    if (condition.is_document() && value.is_document()) return matches(condition, value);
    return equals(&value, condition);
}

}  // namespace standin
