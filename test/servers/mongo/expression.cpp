#include "test/servers/mongo/expression.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/path.hpp"
#include "test/servers/mongo/value_key.hpp"

namespace standin {

namespace {

using Result = std::optional<Value>;

bool is_missing(const Result& value) {
    return !value || value->type() == Type::null || value->type() == Type::undefined;
}

/// A field path goes through all elements of an array.
Result follow(const Value& value, const std::vector<std::string>& parts, std::size_t depth) {
    if (depth == parts.size()) return value;
    if (value.is_array()) {
        std::vector<Value> found;
        for (const auto& element : value.elements()) {
            if (!element.is_document()) continue;
            if (auto inner = follow(element, parts, depth)) found.push_back(std::move(*inner));
        }
        return Value::array(std::move(found));
    }
    const Value* next = value.find(parts[depth]);
    if (next == nullptr) return std::nullopt;
    return follow(*next, parts, depth + 1);
}

Result variable(const std::string& path, const Variables& variables) {
    auto parts = path_parts(path);
    const std::string name = parts.front();
    parts.erase(parts.begin());
    if (name == "REMOVE") return std::nullopt;
    const auto found = variables.find(name == "CURRENT" ? "ROOT" : name);
    if (found == variables.end()) {
        throw failure(17276, "Use of undefined variable: " + name);
    }
    return follow(found->second, parts, 0);
}

struct Call {
    const Value& argument;
    const Variables& variables;

    Result operand(std::size_t index = 0) const {
        if (!argument.is_array()) return evaluate(argument, variables);
        const Value* found = argument.find(std::to_string(index));
        return found == nullptr ? Result() : evaluate(*found, variables);
    }
    std::size_t count() const { return argument.is_array() ? argument.size() : 1; }
    Result named(std::string_view name) const {
        const Value* found = argument.find(name);
        return found == nullptr ? Result() : evaluate(*found, variables);
    }
    /// A field's name, which may hold dots and dollar signs when it is a $literal.
    std::string field_name() const {
        const auto field = argument.is_document() ? named("field") : operand();
        if (!field || !field->is_text()) throw failure(5654602, "'field' must be a string");
        return field->text();
    }
};

Result slice(const Call& call) {
    const auto array = call.operand(0);
    if (is_missing(array)) return Value();
    if (!array->is_array()) throw failure(28724, "First argument to $slice must be an array");
    const auto all = array->elements();
    const auto length = static_cast<std::int64_t>(all.size());
    std::int64_t start = 0, count = 0;
    if (call.count() == 2) {
        count = call.operand(1).value_or(Value()).integer();
        if (count < 0) start = std::max<std::int64_t>(0, length + count);
        count = std::abs(count);
    } else {
        start = call.operand(1).value_or(Value()).integer();
        if (start < 0) start = std::max<std::int64_t>(0, length + start);
        count = call.operand(2).value_or(Value()).integer();
    }
    std::vector<Value> part;
    for (auto index = start; index < std::min(length, start + count); ++index) {
        part.push_back(all[static_cast<std::size_t>(index)]);
    }
    return Value::array(std::move(part));
}

Result concat_arrays(const Call& call) {
    std::vector<Value> all;
    for (std::size_t index = 0; index < call.count(); ++index) {
        const auto array = call.operand(index);
        if (is_missing(array)) return Value();
        if (!array->is_array()) throw failure(28664, "$concatArrays only supports arrays");
        for (auto& element : array->elements()) all.push_back(std::move(element));
    }
    return Value::array(std::move(all));
}

Result merge_objects(const Call& call) {
    Value merged = Value::document(std::vector<Field>());
    for (std::size_t index = 0; index < call.count(); ++index) {
        const auto one = call.operand(index);
        if (is_missing(one)) continue;
        if (!one->is_document()) throw failure(40400, "$mergeObjects requires object inputs");
        for (const auto& field : one->fields()) merged.set(field.name, field.value);
    }
    return merged;
}

Result set_field(const Call& call, bool removes) {
    auto input = call.named("input");
    if (is_missing(input)) return Value();
    if (!input->is_document()) throw failure(4161105, "$setField requires 'input' to be an object");
    auto value = removes ? Result() : call.named("value");
    if (value) {
        input->set(call.field_name(), std::move(*value));
    } else {
        input->remove(call.field_name());
    }
    return input;
}

Result get_field(const Call& call) {
    const auto input = call.argument.is_document() && call.argument.has("input")
                           ? call.named("input")
                           : variable("ROOT", call.variables);
    if (is_missing(input)) return std::nullopt;
    const Value* found = std::as_const(*input).find(call.field_name());
    return found == nullptr ? Result() : Result(*found);
}

Result conditional(const Call& call) {
    if (call.argument.is_array()) {
        return call.operand(call.operand(0).value_or(Value()).truthy() ? 1 : 2);
    }
    return call.named(call.named("if").value_or(Value()).truthy() ? "then" : "else");
}

Result if_null(const Call& call) {
    for (std::size_t index = 0; index + 1 < call.count(); ++index) {
        if (auto value = call.operand(index); !is_missing(value)) return value;
    }
    return call.operand(call.count() - 1);
}

Result array_element(const Call& call) {
    const auto array = call.operand(0);
    if (is_missing(array)) return Value();
    auto index = call.operand(1).value_or(Value()).integer();
    if (index < 0) index += static_cast<std::int64_t>(array->size());
    const Value* found = std::as_const(*array).find(std::to_string(index));
    return found == nullptr ? Result() : Result(*found);
}

Result sum(const Call& call) {
    double total = 0;
    bool whole = true;
    std::int64_t integers = 0;
    for (std::size_t index = 0; index < call.count(); ++index) {
        const auto one = call.operand(index);
        if (is_missing(one)) return Value();
        whole = whole && one->type() != Type::number;
        total += one->real();
        integers += one->integer();
    }
    if (!whole) return Value(total);
    const auto small = static_cast<std::int32_t>(integers);
    return small == integers ? Value(small) : Value(integers);
}

Result compare(const Call& call, std::string_view how) {
    const int order = key_of(call.operand(0).value_or(Value()))
                          .compare(key_of(call.operand(1).value_or(Value())));
    if (how == "$eq") return Value(order == 0);
    if (how == "$ne") return Value(order != 0);
    if (how == "$gt") return Value(order > 0);
    if (how == "$gte") return Value(order >= 0);
    if (how == "$lt") return Value(order < 0);
    return Value(order <= 0);
}

Result type_name(const Call& call) {
    const auto value = call.operand();
    if (!value) return Value("missing");
    switch (value->type()) {
        case Type::array:
            return Value("array");
        case Type::document:
            return Value("object");
        case Type::null:
            return Value("null");
        case Type::text:
            return Value("string");
        case Type::int32:
            return Value("int");
        case Type::int64:
            return Value("long");
        case Type::number:
            return Value("double");
        case Type::boolean:
            return Value("bool");
        default:
            return Value("other");
    }
}

Result call_operator(const std::string& name, const Call& call) {
    if (name == "$literal") return call.argument;
    if (name == "$slice") return slice(call);
    if (name == "$concatArrays") return concat_arrays(call);
    if (name == "$mergeObjects") return merge_objects(call);
    if (name == "$setField") return set_field(call, false);
    if (name == "$unsetField") return set_field(call, true);
    if (name == "$getField") return get_field(call);
    if (name == "$cond") return conditional(call);
    if (name == "$ifNull") return if_null(call);
    if (name == "$arrayElemAt") return array_element(call);
    if (name == "$add") return sum(call);
    if (name == "$type") return type_name(call);
    if (name == "$isArray") return Value(call.operand().value_or(Value()).is_array());
    if (name == "$size") {
        const auto array = call.operand();
        if (!array || !array->is_array()) throw failure(17124, "$size needs an array");
        return Value(static_cast<std::int32_t>(array->size()));
    }
    if (name == "$not") return Value(!call.operand().value_or(Value()).truthy());
    for (const auto* known : {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"}) {
        if (name == known) return compare(call, name);
    }
    throw failure(168, "Unrecognized expression '" + name + "'");
}

/// $set with a dotted path goes into every element of an array on the way.
void set_through(Value& document, const std::vector<std::string>& parts, std::size_t depth,
                 const Result& value) {
    if (document.is_array()) {
        for (auto& element : document.fields()) set_through(element.value, parts, depth, value);
        return;
    }
    if (!document.is_document()) document = Value::document(std::vector<Field>());
    if (depth + 1 == parts.size()) {
        if (value) document.set(parts[depth], *value);
        if (!value) document.remove(parts[depth]);
        return;
    }
    if (!document.has(parts[depth])) {
        if (!value) return;
        document.append(parts[depth], Value::document(std::vector<Field>()));
    }
    set_through(*document.find(parts[depth]), parts, depth + 1, value);
}

/// {a: {b: 1}} in $set means a.b, unless it is an operator.
void set_fields(Value& document, const Value& assignments, std::vector<std::string> prefix,
                const Variables& variables) {
    for (const auto& [name, expression] : assignments.fields()) {
        auto parts = prefix;
        for (auto& part : path_parts(name)) parts.push_back(std::move(part));
        const bool nested = expression.is_document() && expression.size() > 0 &&
                            !expression.fields().front().name.starts_with('$');
        if (nested) {
            set_fields(document, expression, parts, variables);
        } else {
            set_through(document, parts, 0, evaluate(expression, variables));
        }
    }
}

Value project(const Value& specification, const Value& document) {
    const auto& wanted = specification.fields();
    const bool excludes = std::all_of(wanted.begin(), wanted.end(), [](const Field& field) {
        return field.name == "_id" || !field.value.truthy();
    });
    Value projected = excludes ? document : Value::document(std::vector<Field>());
    for (const auto& [name, value] : wanted) {
        const auto parts = path_parts(name);
        if (excludes && !value.truthy()) set_through(projected, parts, 0, std::nullopt);
    }
    if (excludes) return projected;
    for (const auto& field : document.fields()) {
        const Value* own = specification.find(field.name);
        if (field.name == "_id" ? own == nullptr || own->truthy() : own != nullptr) {
            projected.append(field.name, field.value);
        }
    }
    return projected;
}

}  // namespace

std::optional<Value> evaluate(const Value& expression, const Variables& variables) {
    if (expression.is_text()) {
        const auto text = expression.text();
        if (text.starts_with("$$")) return variable(text.substr(2), variables);
        if (text.starts_with('$')) return variable("ROOT." + text.substr(1), variables);
        return expression;
    }
    if (expression.is_array()) {
        std::vector<Value> all;
        for (const auto& element : expression.elements()) {
            all.push_back(evaluate(element, variables).value_or(Value()));
        }
        return Value::array(std::move(all));
    }
    if (!expression.is_document()) return expression;
    const auto& fields = expression.fields();
    if (!fields.empty() && fields.front().name.starts_with('$')) {
        return call_operator(fields.front().name, {fields.front().value, variables});
    }
    Value document = Value::document(std::vector<Field>());
    for (const auto& [name, inner] : fields) {
        if (auto value = evaluate(inner, variables)) document.append(name, std::move(*value));
    }
    return document;
}

Value apply_stage(const Value& stage, const Value& document, const Variables& variables) {
    if (!stage.is_document() || stage.size() != 1) {
        throw failure(40323,
                      "A pipeline stage specification object must contain exactly one field.");
    }
    const auto& [name, specification] = stage.fields().front();
    Variables all = variables;
    all["ROOT"] = document;
    Value result = document;
    if (name == "$set" || name == "$addFields") {
        set_fields(result, specification, {}, all);
    } else if (name == "$unset") {
        const auto names =
            specification.is_array() ? specification.elements() : std::vector<Value>{specification};
        for (const auto& one : names) set_through(result, path_parts(one.text()), 0, std::nullopt);
    } else if (name == "$replaceWith" || name == "$replaceRoot") {
        const Value* root = specification.find("newRoot");
        const auto value = evaluate(name == "$replaceRoot" && root ? *root : specification, all);
        if (!value || !value->is_document()) {
            throw failure(40228, "'newRoot' expression must evaluate to an object");
        }
        result = *value;
    } else if (name == "$project") {
        result = project(specification, document);
    } else {
        throw failure(40324, "Unrecognized pipeline stage name: '" + name + "'");
    }
    return result;
}

}  // namespace standin
