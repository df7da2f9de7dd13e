#include "lib/sink/translation/table_translation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/sink/translation/exact_keys.hpp"

namespace dts {

namespace {

std::string columns_text(const TableSchema& source, const Column& from, const TableSchema& target,
                         const Column& to) {
    return fmt::format("column {} of source table {} is {}, column {} of target table {} is {}",
                       from.name, source.display_name(), type_text(from), to.name,
                       target.display_name(), type_text(to));
}

bool is_in_unique_key(const TableSchema& table, std::uint16_t ordinal) {
    return std::any_of(
        table.unique_keys.begin(), table.unique_keys.end(), [&](const UniqueKey& key) {
            return std::find(key.columns.begin(), key.columns.end(), ordinal) != key.columns.end();
        });
}

ValueTranslation translate_column(const TableSchema& source, const TableSchema& target,
                                  const TableBinding::Field& field, TranslationRules rules) {
    const Column& from = source.columns[field.source];
    const Column& to = target.columns[field.target];
    const std::string columns = columns_text(source, from, target, to);
    try {
        if (auto translation = rules(from, to)) {
            if (is_in_unique_key(target, field.target)) require_exact_key(*translation);
            return *translation;
        }
    } catch (const Error& why) {
        throw why.in(columns);
    }
    throw Error(ErrorKind::data, columns + ": between these types nothing is written",
                "the table of types in README.md says what is; give the target column such a type, "
                "or name the column in [filter] ignore_cols");
}

/// What is asked of a row as it was, by source ordinal: what finds it, and what tells whether it
/// moved. A value that the target could not hold may stand in the others, which are not looked at:
/// so a row can be mended, or go.
std::vector<bool> needed_in_before(const TableBinding& binding, const TableSchema& source,
                                   const TableSchema& target) {
    std::vector<bool> needed(source.columns.size(), binding.keyless());
    for (const auto ordinal : binding.key) needed[ordinal] = true;
    for (const auto& key : binding.other_keys) {
        for (const auto ordinal : key) needed[ordinal] = true;
    }
    for (const auto& field : binding.fields) {
        if (target.columns[field.target].always_identity) needed[field.source] = true;
    }
    return needed;
}

}  // namespace

std::shared_ptr<const RowTranslation> translate_table(const TableSchemaPtr& source,
                                                      const TableSchema& target,
                                                      const TableBinding& binding,
                                                      TranslationRules rules) {
    if (is_of_mysql(target.columns.front())) require_whole_keys(*source, target);
    std::vector<std::optional<ValueTranslation>> columns(source->columns.size());
    for (const auto& field : binding.fields) {
        columns[field.source] = translate_column(*source, target, field, rules);
    }
    return std::make_shared<const RowTranslation>(source, std::move(columns),
                                                  needed_in_before(binding, *source, target));
}

}  // namespace dts
