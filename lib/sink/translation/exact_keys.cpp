#include "lib/sink/translation/exact_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"

namespace dts {

namespace {

template <std::size_t n>
bool is_one_of(const std::string_view (&names)[n], std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// Types of Postgres whose texts no collation takes for one another: they differ by more than case
/// and accents.
bool is_exact_in_any_collation(const Column& column) {
    constexpr std::string_view types[] = {
        "int2",      "int4",        "int8",     "oid",     "numeric",  "float4", "float8",
        "date",      "time",        "timetz",   "uuid",    "macaddr8", "inet",   "cidr",
        "timestamp", "timestamptz", "interval", "macaddr", "varbit",   "bit",    "pg_lsn"};
    return is_one_of(types, column.base_type);
}

void require_exact_in_mysql(ValueTranslation& column) {
    const std::string& collation = column.to.collation;
    if (column.to.type != ColumnType::text || is_exact_in_any_collation(column.from)) return;
    if (!collation.ends_with("_bin")) {
        throw Error(ErrorKind::data,
                    fmt::format("its collation {} takes different texts for the same, and a "
                                "unique key has it",
                                collation),
                    "ALTER TABLE ... MODIFY that column with COLLATE utf8mb4_nopad_bin (MariaDB) "
                    "or utf8mb4_0900_bin (MySQL)");
    }
    if (!collation.ends_with("nopad_bin") && !collation.ends_with("0900_bin"))
        column.key_text = KeyText::without_end_spaces;
}

void require_exact_in_postgres(ValueTranslation& column) {
    const ColumnType from = column.from.type;
    const std::string& to = column.to.base_type;
    const bool is_text = from == ColumnType::text || from == ColumnType::enumeration ||
                         from == ColumnType::set || from == ColumnType::json;
    if (!is_text) return;
    if (to == "uuid") {
        column.key_text = KeyText::canonical_uuid;
        return;
    }
    constexpr std::string_view kept_as_they_are[] = {"text", "varchar", "bpchar", "enum"};
    const bool is_kept = is_one_of(kept_as_they_are, to);
    if (is_kept && column.to.collation.empty()) return;
    throw Error(ErrorKind::data,
                fmt::format("its {} takes different texts for the same, and a unique key has it",
                            is_kept ? "collation " + column.to.collation : "type"),
                "make the target column text or varchar with a deterministic collation, as all "
                "are that are not made otherwise");
}

bool is_canonical_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool is_digit =
            (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (is_dash ? text[i] != '-' : !is_digit) return false;
    }
    return true;
}

}  // namespace

void require_exact_key(ValueTranslation& column) {
    if (is_of_mysql(column.to)) {
        require_exact_in_mysql(column);
    } else {
        require_exact_in_postgres(column);
    }
}

void require_key_text(std::string_view text, const ValueTranslation& column) {
    if (column.key_text == KeyText::without_end_spaces && text.ends_with(' ')) {
        throw Error(ErrorKind::data,
                    fmt::format("the target's collation {} does not tell it from the same text "
                                "without the spaces at its end, and a unique key has it",
                                column.to.collation),
                    "give the target column a collation with NO PAD: utf8mb4_nopad_bin of MariaDB, "
                    "utf8mb4_0900_bin of MySQL");
    }
    if (column.key_text == KeyText::canonical_uuid && !is_canonical_uuid(text)) {
        throw Error(ErrorKind::data,
                    "the target does not tell it from the same uuid in another spelling, and a "
                    "unique key has it",
                    "write uuids at the source as Postgres does (32 digits in lower case, four "
                    "dashes), or make the target column text");
    }
}

void require_whole_keys(const TableSchema& source, const TableSchema& target) {
    for (const UniqueKey& key : target.unique_keys) {
        const bool is_computed =
            std::any_of(key.columns.begin(), key.columns.end(),
                        [&](std::uint16_t i) { return target.columns[i].generated; });
        if (!key.partial && !is_computed) continue;
        throw Error(
            ErrorKind::data,
            fmt::format("unique key {} of target table {} is over a part of its columns or "
                        "over what is computed of them: it may take two rows of source "
                        "table {} for one",
                        key.name, target.display_name(), source.display_name()),
            "make it a plain index, or a unique key over whole columns that the source has");
    }
}

}  // namespace dts
