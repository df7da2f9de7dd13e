#include "lib/source/postgres/pgoutput_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"

namespace dts::pgoutput {

namespace {

void require_tuple(char kind, std::string_view allowed, const TableSchema& table) {
    if (allowed.find(kind) != std::string_view::npos) return;
    throw Error(ErrorKind::data, fmt::format("a row image of the unknown kind {} of table {}",
                                             int{kind}, table.display_name()));
}

std::span<Value> new_row(const TableSchema& table, Arena& arena) {
    return arena.allocate<Value>(table.columns.size());
}

RowChange read_insert(MessageReader& reader, const RowForm& form, Arena& arena) {
    const TableSchema& table = form.table;
    require_tuple(reader.tuple_kind(), "N", table);
    const auto after = new_row(table, arena);
    reader.tuple(after, form.forms, arena);
    const bool whole =
        std::all_of(after.begin(), after.end(), [](const Value& v) { return v.is_carried(); });
    return {&table, nullptr, after.data(), ChangeKind::insert, !whole};
}

/// Without an old image the identity is as it was; an unchanged value is known where the old image
/// holds it.
RowChange read_update(MessageReader& reader, const RowForm& form, Arena& arena) {
    const TableSchema& table = form.table;
    const auto before = new_row(table, arena);
    const auto after = new_row(table, arena);
    char kind = reader.tuple_kind();
    const bool has_before = kind != 'N';
    if (has_before) {
        require_tuple(kind, "KO", table);
        reader.tuple(before, form.forms, arena);
        kind = reader.tuple_kind();
    }
    require_tuple(kind, "N", table);
    reader.tuple(after, form.forms, arena);
    bool partial = false;
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (!table.columns[i].in_before) {
            before[i] = Value();
        } else if (!has_before) {
            before[i] = after[i];
        } else if (!after[i].is_carried()) {
            after[i] = before[i];
        }
        partial = partial || !after[i].is_carried() ||
                  (table.columns[i].in_before && !before[i].is_carried());
    }
    return {&table, before.data(), after.data(), ChangeKind::update, partial};
}

RowChange read_delete(MessageReader& reader, const RowForm& form, Arena& arena) {
    const TableSchema& table = form.table;
    require_tuple(reader.tuple_kind(), "KO", table);
    const auto before = new_row(table, arena);
    reader.tuple(before, form.forms, arena);
    bool partial = false;
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (!table.columns[i].in_before) {
            before[i] = Value();
        } else {
            partial = partial || !before[i].is_carried();
        }
    }
    return {&table, before.data(), nullptr, ChangeKind::remove, partial};
}

}  // namespace

TableSchemaPtr describe(const Relation& relation, const PostgresTypeNames& types) {
    auto schema = std::make_shared<TableSchema>();
    schema->schema = relation.schema;
    schema->table = relation.table;
    schema->names_fold_case = false;
    UniqueKey identity{"replica identity", {}, false, false};
    for (const auto& from : relation.columns) {
        Column column;
        column.name = from.name;
        column.in_before = from.in_identity;
        column.base_type = types.name_of(from.type);
        column.type_name = column.base_type;
        column.type_modifier = from.type_modifier;
        if (from.in_identity) {
            identity.columns.push_back(static_cast<std::uint16_t>(schema->columns.size()));
        }
        schema->columns.push_back(std::move(column));
    }
    const bool is_key = relation.replica_identity == 'd' || relation.replica_identity == 'i';
    if (is_key && !identity.columns.empty()) {
        schema->unique_keys.push_back(std::move(identity));
        schema->has_primary_key = relation.replica_identity == 'd';
    }
    return schema;
}

RowChange read_row(Kind kind, MessageReader& reader, const RowForm& form, Arena& arena) {
    switch (kind) {
        case Kind::insert:
            return read_insert(reader, form, arena);
        case Kind::update:
            return read_update(reader, form, arena);
        default:
            return read_delete(reader, form, arena);
    }
}

}  // namespace dts::pgoutput
