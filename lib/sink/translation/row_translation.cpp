#include "lib/sink/translation/row_translation.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/sink/sql_text.hpp"
#include "lib/sink/translation/exact_keys.hpp"

namespace dts {

namespace {

std::string value_text(const Value& value, const Column& column) {
    if (!value.is_carried()) return "?";
    if (value.is_view() && value.as_view().size() > 64)
        return fmt::format("({} bytes)", value.as_view().size());
    std::string text;
    sql_text::append_literal(text, value, column, false);
    return text;
}

/// id=7 of the row's key, or of all columns where there is none.
std::string row_text(const TableSchema& table, const Value* row) {
    std::string text;
    const auto add = [&](std::size_t ordinal) {
        if (!text.empty()) text += ',';
        text +=
            table.columns[ordinal].name + "=" + value_text(row[ordinal], table.columns[ordinal]);
    };
    if (const UniqueKey* key = table.row_key()) {
        for (const std::uint16_t ordinal : key->columns) add(ordinal);
    } else {
        for (std::size_t i = 0; i < table.columns.size(); ++i) add(i);
    }
    return text;
}

/// MySQL would put something else in a TIMESTAMP's or a counter's place.
void require_not_null(const Value& value, const ValueTranslation& column) {
    if (!value.is_null() || column.to.nullable) return;
    throw Error(ErrorKind::data, "it is NULL, and the target column is NOT NULL",
                "let the target column be NULL, or correct the row at the source");
}

}  // namespace

Value ValueTranslation::operator()(const Value& value, Arena& arena) const {
    if (!value.is_carried() || value.is_null()) return value;
    const Value result = function(value, *this, arena);
    if (key_text != KeyText::any) require_key_text(result.as_view(), *this);
    return result;
}

TableSchemaPtr RowTranslation::written() const {
    auto table = std::make_shared<TableSchema>(*source_);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (!columns_[i]) continue;
        Column& column = table->columns[i];
        Column written = columns_[i]->written;
        written.name = column.name;
        written.nullable = column.nullable;
        written.generated = column.generated;
        written.in_before = column.in_before;
        column = std::move(written);
    }
    return table;
}

RowChange RowTranslation::operator()(const RowChange& change, Arena& arena) const {
    RowChange translated = change;
    if (change.before != nullptr) translated.before = translate(change.before, true, arena);
    if (change.after != nullptr) translated.after = translate(change.after, false, arena);
    return translated;
}

const Value* RowTranslation::translate(const Value* row, bool is_before, Arena& arena) const {
    const auto values = arena.allocate<Value>(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        values[i] = Value();
        if (!columns_[i] || (is_before && !in_before_[i])) continue;
        try {
            if (!is_before) require_not_null(row[i], *columns_[i]);
            values[i] = (*columns_[i])(row[i], arena);
        } catch (const Error& why) {
            throw_refused(row, i, why);
        }
    }
    return values.data();
}

void RowTranslation::throw_refused(const Value* row, std::size_t ordinal, const Error& why) const {
    const ValueTranslation& rule = *columns_[ordinal];
    std::string hint = why.hint();
    if (hint.empty())
        hint =
            "correct the row at the source, or give the target column another type: the table of "
            "types in README.md says which";
    throw Error(why.kind(),
                fmt::format("source table {}, row {}: the value {} of column {} ({}) cannot be "
                            "written to target column {} ({}): {}",
                            source_->display_name(), row_text(*source_, row),
                            value_text(row[ordinal], rule.from), rule.from.name,
                            type_text(rule.from), rule.to.name, type_text(rule.to), why.text()),
                std::move(hint));
}

}  // namespace dts
