#include "test/servers/mongo/update.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/match.hpp"
#include "test/servers/mongo/path.hpp"
#include "test/servers/mongo/value_key.hpp"

namespace standin {

namespace {

using Parts = std::vector<std::string>;

Value sum_of(const Value& left, const Value& right, bool product) {
    if (!left.is_number() || !right.is_number()) {
        throw failure(14, "Cannot apply $inc to a value of non-numeric type");
    }
    if (left.type() == Type::number || right.type() == Type::number) {
        return product ? left.real() * right.real() : left.real() + right.real();
    }
    const auto result =
        product ? left.integer() * right.integer() : left.integer() + right.integer();
    const auto small = static_cast<std::int32_t>(result);
    const bool stays_small = left.type() == Type::int32 && right.type() == Type::int32;
    return stays_small && small == result ? Value(small) : Value(result);
}

Value array_at(const Value& document, const Parts& parts, bool must_be_there) {
    const Value* found = value_at(document, parts);
    if (found == nullptr && !must_be_there) return Value::array({});
    if (found == nullptr || !found->is_array()) {
        throw failure(code::bad_value, "The field must be an array but is of another type");
    }
    return *found;
}

void push(Value& document, const Parts& parts, const Value& operand) {
    Value array = array_at(document, parts, false);
    const Value* each = operand.find("$each");
    for (auto& element : each ? each->elements() : std::vector<Value>{operand}) {
        array.push(std::move(element));
    }
    if (const Value* slice = operand.find("$slice"); each && slice) {
        auto all = array.elements();
        const auto wanted = static_cast<std::size_t>(std::abs(slice->integer()));
        const auto extra = static_cast<std::ptrdiff_t>(all.size() - std::min(all.size(), wanted));
        if (slice->integer() < 0) all.erase(all.begin(), all.begin() + extra);
        if (slice->integer() >= 0) all.erase(all.end() - extra, all.end());
        array = Value::array(std::move(all));
    }
    set_at(document, parts, std::move(array));
}

void add_to_set(Value& document, const Parts& parts, const Value& operand) {
    Value array = array_at(document, parts, false);
    const Value* each = operand.find("$each");
    for (auto& element : each ? each->elements() : std::vector<Value>{operand}) {
        const auto all = array.elements();
        const bool there = std::any_of(all.begin(), all.end(), [&](const Value& one) {
            return key_of(one) == key_of(element);
        });
        if (!there) array.push(std::move(element));
    }
    set_at(document, parts, std::move(array));
}

void pull(Value& document, const Parts& parts, const std::function<bool(const Value&)>& goes) {
    if (value_at(document, parts) == nullptr) return;
    auto all = array_at(document, parts, true).elements();
    std::erase_if(all, goes);
    set_at(document, parts, Value::array(std::move(all)));
}

void pop(Value& document, const Parts& parts, const Value& operand) {
    if (value_at(document, parts) == nullptr) return;
    auto all = array_at(document, parts, true).elements();
    if (all.empty()) return;
    all.erase(operand.integer() < 0 ? all.begin() : all.end() - 1);
    set_at(document, parts, Value::array(std::move(all)));
}

Value now_as(const Value& operand) {
    using namespace std::chrono;
    const auto now = system_clock::now().time_since_epoch();
    if (operand.text_of("$type") == "timestamp") {
        return Timestamp{static_cast<std::uint32_t>(duration_cast<seconds>(now).count()), 1};
    }
    return Value::date(duration_cast<milliseconds>(now).count());
}

void apply_operator(const std::string& name, const std::string& path, const Value& operand,
                    bool inserting, Updated& result) {
    const Parts parts = path_parts(path);
    Value& document = result.document;
    const Value* old = value_at(std::as_const(document), parts);
    result.paths.insert(path);
    if (name == "$set" || (name == "$setOnInsert" && inserting)) {
        set_at(document, parts, operand);
    } else if (name == "$setOnInsert") {
        result.paths.erase(path);
    } else if (name == "$unset") {
        unset_at(document, parts);
    } else if (name == "$inc") {
        set_at(document, parts, old ? sum_of(*old, operand, false) : operand);
    } else if (name == "$mul") {
        set_at(document, parts, sum_of(old ? *old : Value(std::int32_t{0}), operand, true));
    } else if (name == "$min" || name == "$max") {
        const int order = old ? key_of(operand).compare(key_of(*old)) : 0;
        if (!old || (name == "$min" ? order < 0 : order > 0)) set_at(document, parts, operand);
    } else if (name == "$push") {
        push(document, parts, operand);
    } else if (name == "$addToSet") {
        add_to_set(document, parts, operand);
    } else if (name == "$pull") {
        pull(document, parts, [&](const Value& one) { return value_fulfils(operand, one); });
    } else if (name == "$pullAll") {
        pull(document, parts, [&](const Value& one) {
            const auto all = operand.elements();
            return std::any_of(all.begin(), all.end(),
                               [&](const Value& gone) { return key_of(gone) == key_of(one); });
        });
    } else if (name == "$pop") {
        pop(document, parts, operand);
    } else if (name == "$currentDate") {
        set_at(document, parts, now_as(operand));
    } else if (name == "$rename") {
        if (old == nullptr) return;
        Value moved = *old;
        unset_at(document, parts);
        set_at(document, path_parts(operand.text()), std::move(moved));
        result.paths.insert(operand.text());
    } else {
        throw failure(code::failed_to_parse, "Unknown modifier: " + name);
    }
}

void apply_operators(const Value& update, bool inserting, Updated& result) {
    try {
        for (const auto& [name, fields] : update.fields()) {
            if (!fields.is_document()) {
                throw failure(code::failed_to_parse, "Modifiers operate on fields");
            }
            for (const auto& [path, operand] : fields.fields()) {
                apply_operator(name, path, operand, inserting, result);
            }
        }
    } catch (const Failure&) {
        throw;
    } catch (const BadBson&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw failure(28, error.what());
    }
}

/// A replacement has the _id first, the old one's where it names none.
Value replacement(const Value& update, const Value& before) {
    const Value* id = update.find("_id");
    if (id == nullptr) id = before.find("_id");
    Value document = Value::document(std::vector<Field>());
    if (id != nullptr) document.append("_id", *id);
    for (const auto& field : update.fields()) {
        if (field.name != "_id") document.append(field.name, field.value);
    }
    return document;
}

}  // namespace

UpdateKind kind_of(const Value& update) {
    if (update.is_array()) return UpdateKind::pipeline;
    const auto& fields = update.fields();
    const auto operators = std::count_if(fields.begin(), fields.end(), [](const Field& field) {
        return field.name.starts_with('$');
    });
    if (operators == 0) return UpdateKind::replacement;
    if (operators != std::ssize(fields)) {
        throw failure(code::failed_to_parse, "operators and fields are mixed in an update");
    }
    return UpdateKind::operators;
}

Updated apply_update(const Value& update, const Value& before, const Variables& let,
                     bool inserting) {
    Updated result{before, kind_of(update), {}};
    if (result.kind == UpdateKind::replacement) {
        result.document = replacement(update, before);
    } else if (result.kind == UpdateKind::operators) {
        apply_operators(update, inserting, result);
    } else {
        for (const auto& stage : update.elements()) {
            result.document = apply_stage(stage, result.document, let);
        }
        result.document = replacement(result.document, before);
    }
    const Value* old_id = before.find("_id");
    const Value* id = std::as_const(result.document).find("_id");
    if (old_id != nullptr && (id == nullptr || key_of(*id) != key_of(*old_id))) {
        throw failure(code::immutable_field,
                      "Performing an update on the path '_id' would modify the immutable field "
                      "'_id'");
    }
    return result;
}

}  // namespace standin
