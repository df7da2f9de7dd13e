#include "lib/sink/translation/row_translation.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/sink/sql_text.hpp"

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

}  // namespace

Value ValueTranslation::operator()(const Value& value, Arena& arena) const {
    if (!value.is_carried() || value.is_null()) return value;
    const Value result = function(value, *this, arena);
    if (refuses_trailing_spaces && result.as_view().ends_with(' ')) {
        throw Error(ErrorKind::data,
                    fmt::format("the target's collation {} does not tell it from the same text "
                                "without the spaces at its end",
                                to.collation),
                    "give the target column a collation with NO PAD: utf8mb4_nopad_bin of MariaDB, "
                    "utf8mb4_0900_bin of MySQL");
    }
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
    if (change.before != nullptr) translated.before = translate(change.before, arena);
    if (change.after != nullptr) translated.after = translate(change.after, arena);
    return translated;
}

const Value* RowTranslation::translate(const Value* row, Arena& arena) const {
    const auto values = arena.allocate<Value>(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        values[i] = Value();
        if (!columns_[i]) continue;
        try {
            values[i] = (*columns_[i])(row[i], arena);
        } catch (const Error& why) {
            throw_refused(row, i, why);
        }
    }
    return values.data();
}

void RowTranslation::throw_refused(const Value* row, std::size_t ordinal, const Error& why) const {
    const ValueTranslation& rule = *columns_[ordinal];
    throw why.in(fmt::format(
        "source table {}, row {}: the value {} of column {} ({}) cannot be "
        "written to target column {} ({})",
        source_->display_name(), row_text(*source_, row), value_text(row[ordinal], rule.from),
        rule.from.name, type_text(rule.from), rule.to.name, type_text(rule.to)));
}

}  // namespace dts
