#include "lib/sink/translation/table_translation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"

namespace dts {

namespace {

std::string columns_text(const TableSchema& source, const Column& from, const TableSchema& target,
                         const Column& to) {
    return fmt::format("column {} of source table {} is {}, column {} of target table {} is {}",
                       from.name, source.display_name(), type_text(from), to.name,
                       target.display_name(), type_text(to));
}

/// Types of Postgres that hold texts which a collation may take for the same.
bool is_free_text(const Column& column) {
    constexpr std::string_view types[] = {"text", "varchar", "bpchar", "name", "char", "xml"};
    return std::find(std::begin(types), std::end(types), column.base_type) != std::end(types) ||
           column.base_type.find('.') != std::string::npos;
}

bool is_in_unique_key(const TableSchema& table, std::uint16_t ordinal) {
    return std::any_of(
        table.unique_keys.begin(), table.unique_keys.end(), [&](const UniqueKey& key) {
            return std::find(key.columns.begin(), key.columns.end(), ordinal) != key.columns.end();
        });
}

/// Postgres tells texts apart by their bytes. Where MySQL's collation does not, one row would take
/// the place of another.
void require_exact_keys(ValueTranslation& column, const std::string& columns) {
    const std::string& collation = column.to.collation;
    if (collation.empty() || !is_free_text(column.from)) return;
    if (!collation.ends_with("_bin")) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: its collation {} takes different texts for the same, and a "
                                "unique key has it",
                                columns, collation),
                    "ALTER TABLE ... MODIFY that column with COLLATE utf8mb4_nopad_bin (MariaDB) "
                    "or utf8mb4_0900_bin (MySQL)");
    }
    column.refuses_trailing_spaces =
        !collation.ends_with("nopad_bin") && !collation.ends_with("0900_bin");
}

ValueTranslation translate_column(const TableSchema& source, const Column& from,
                                  const TableSchema& target, const Column& to,
                                  TranslationRules rules) {
    const std::string columns = columns_text(source, from, target, to);
    try {
        if (auto translation = rules(from, to)) return *translation;
    } catch (const Error& why) {
        throw why.in(columns);
    }
    throw Error(ErrorKind::data, columns + ": between these types nothing is written",
                "the table of types in README.md says what is; give the target column such a type, "
                "or name the column in [filter] ignore_cols");
}

}  // namespace

std::shared_ptr<const RowTranslation> translate_table(const TableSchemaPtr& source,
                                                      const TableSchema& target,
                                                      std::span<const TableBinding::Field> fields,
                                                      TranslationRules rules) {
    std::vector<std::optional<ValueTranslation>> columns(source->columns.size());
    for (const auto& field : fields) {
        const Column& from = source->columns[field.source];
        const Column& to = target.columns[field.target];
        auto column = translate_column(*source, from, target, to, rules);
        if (is_in_unique_key(target, field.target))
            require_exact_keys(column, columns_text(*source, from, target, to));
        columns[field.source] = std::move(column);
    }
    return std::make_shared<const RowTranslation>(source, std::move(columns));
}

}  // namespace dts
