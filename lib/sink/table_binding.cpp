#include "lib/sink/table_binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <strings.h>

#include "lib/base/error.hpp"
#include "lib/sink/translation/table_translation.hpp"

namespace dts {

namespace {

std::string target_name(const TableSchema& source, const std::string& source_name,
                        const ColumnRules& rules) {
    for (const auto& [from, to] : rules.renamed) {
        if (source.same_column(from, source_name)) return to;
    }
    return source_name;
}

bool is_ignored(const TableSchema& source, const std::string& source_name,
                const ColumnRules& rules) {
    return std::any_of(rules.ignored.begin(), rules.ignored.end(), [&](const std::string& name) {
        return source.same_column(name, source_name);
    });
}

bool has_labels(const Column& column) {
    return column.type == ColumnType::enumeration || column.type == ColumnType::set;
}

bool differ_in_labels(const Column& from, const Column& to) {
    return (has_labels(from) || has_labels(to)) &&
           (from.type != to.type || from.labels != to.labels);
}

bool equals_without_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// The target's column for a source column, -1 where there is none.
int ordinal_in(const TableSchema& target, const TableSchema& source, const std::string& name) {
    const int exact = target.find(name);
    if (exact >= 0 || !source.names_fold_case) return exact;
    int found = -1;
    for (std::size_t i = 0; i < target.columns.size(); ++i) {
        if (!equals_without_case(target.columns[i].name, name)) continue;
        if (found >= 0) {
            throw Error(ErrorKind::data,
                        fmt::format("source table {} sends column `{}`, target table {} has two "
                                    "columns that differ from it in case alone",
                                    source.display_name(), name, target.display_name()),
                        "say which with [router] col_map");
        }
        found = static_cast<int>(i);
    }
    return found;
}

void require_one_source_each(const std::vector<TableBinding::Field>& fields,
                             const TableSchema& source, const TableSchema& target) {
    const auto twice =
        std::adjacent_find(fields.begin(), fields.end(),
                           [](const auto& a, const auto& b) { return a.target == b.target; });
    if (twice == fields.end()) return;
    throw Error(ErrorKind::data,
                fmt::format("columns {} and {} of source table {} both go to column {} of target "
                            "table {}",
                            source.columns[twice->source].name,
                            source.columns[(twice + 1)->source].name, source.display_name(),
                            target.columns[twice->target].name, target.display_name()),
                "give one another name with [router] col_map, or name it in [filter] ignore_cols");
}

std::vector<TableBinding::Field> match_columns(const TableSchema& source, const TableSchema& target,
                                               const ColumnRules& rules) {
    std::vector<TableBinding::Field> fields;
    for (std::size_t i = 0; i < source.columns.size(); ++i) {
        const Column& from = source.columns[i];
        if (is_ignored(source, from.name, rules)) continue;
        const std::string name = target_name(source, from.name, rules);
        const int ordinal = ordinal_in(target, source, name);
        if (ordinal < 0) {
            if (from.generated) continue;
            throw Error(
                ErrorKind::data,
                fmt::format("target table {} has no column `{}`, which source table {} sends",
                            target.display_name(), name, source.display_name()),
                "add the column to the target, or name it in [filter] ignore_cols");
        }
        const Column& to = target.columns[static_cast<std::size_t>(ordinal)];
        if (to.generated) continue;
        fields.push_back({static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(ordinal)});
    }
    std::sort(fields.begin(), fields.end(),
              [](const auto& a, const auto& b) { return a.target < b.target; });
    require_one_source_each(fields, source, target);
    return fields;
}

/// The source ordinals that fill a key of the target, or nothing when some column is not written.
std::optional<std::vector<std::uint16_t>> source_ordinals(
    const UniqueKey& key, const std::vector<TableBinding::Field>& fields) {
    std::vector<std::uint16_t> ordinals;
    for (const std::uint16_t target : key.columns) {
        const auto field = std::find_if(fields.begin(), fields.end(),
                                        [&](const auto& f) { return f.target == target; });
        if (field == fields.end()) return std::nullopt;
        ordinals.push_back(field->source);
    }
    return ordinals;
}

/// A key that is checked late two rows may have for a while. Where the source finds its rows by
/// such a key, none else, it sends all of their values (REPLICA IDENTITY FULL), and so do we find
/// them.
bool may_come_twice(const UniqueKey& key, const TableSchema& source) {
    return key.deferrable && std::all_of(source.columns.begin(), source.columns.end(),
                                         [](const Column& column) { return column.in_before; });
}

/// What identifies a row of the target, and what else must be unique there.
void take_keys(const TableSchema& source, const TableSchema& target, TableBinding& binding) {
    binding.has_any_unique_key = !target.unique_keys.empty();
    for (const UniqueKey& key : target.unique_keys) {
        auto ordinals = source_ordinals(key, binding.fields);
        const bool identifies =
            !key.nullable && !key.partial && ordinals && !may_come_twice(key, source);
        if (identifies && binding.key.empty()) {
            binding.key = *ordinals;
        } else if (ordinals) {
            binding.other_keys.push_back(*ordinals);
        } else {
            // A key over columns that we do not see may move with every change of the row.
            binding.other_keys.emplace_back();
            for (const auto& field : binding.fields) {
                binding.other_keys.back().push_back(field.source);
            }
        }
    }
}

void take_labels(const TableSchema& source, const TableSchema& target, TableBinding& binding) {
    for (auto& field : binding.fields) {
        const Column& from = source.columns[field.source];
        const Column& to = target.columns[field.target];
        field.by_label = differ_in_labels(from, to);
        if (from.type == ColumnType::enumeration && to.type == ColumnType::enumeration) {
            binding.enums.push_back(field.source);
        }
    }
}

}  // namespace

const TableBinding::Field& TableBinding::field_of(std::uint16_t source_ordinal) const {
    for (const Field& field : fields) {
        if (field.source == source_ordinal) return field;
    }
    throw Error(ErrorKind::bug, fmt::format("column {} of {} is not bound", source_ordinal,
                                            source->display_name()));
}

TableSchemaPtr routed(const TableSchema& source, const std::string& schema,
                      const std::string& table, const ColumnRules& rules) {
    auto target = std::make_shared<TableSchema>(source);
    target->schema = schema;
    target->table = table;
    for (Column& column : target->columns) {
        column.name = target_name(source, column.name, rules);
        // The source's types may be others than the target's, which nobody has asked.
        column.type_name.clear();
        column.base_type.clear();
        column.type_modifier = -1;
    }
    return target;
}

TableBindingPtr bind_tables(TableSchemaPtr source, TableSchemaPtr target, const ColumnRules& rules,
                            TranslationRules translation) {
    auto binding = std::make_shared<TableBinding>();
    binding->fields = match_columns(*source, *target, rules);
    if (binding->fields.empty()) {
        throw Error(ErrorKind::data, fmt::format("no column of source table {} is written to {}",
                                                 source->display_name(), target->display_name()));
    }

    take_keys(*source, *target, *binding);
    if (translation != nullptr) {
        binding->translation = translate_table(source, *target, *binding, translation);
        source = binding->translation->written();
    }
    take_labels(*source, *target, *binding);

    const auto writable = std::count_if(target->columns.begin(), target->columns.end(),
                                        [](const Column& c) { return !c.generated; });
    binding->whole = static_cast<std::size_t>(writable) == binding->fields.size();
    binding->source = std::move(source);
    binding->target = std::move(target);
    return binding;
}

}  // namespace dts
