// What a row's values mean: the columns, keys and types of one table, as they were true at the
// position of the rows that point to it. Immutable once shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dts {

enum class ColumnType : std::uint8_t {
    int8,
    int16,
    int24,
    int32,
    int64,
    float32,
    float64,
    decimal,
    bit,
    year,
    date,
    time,
    datetime,
    timestamp,
    text,   ///< CHAR, VARCHAR, TEXT: characters in `charset`
    bytes,  ///< BINARY, VARBINARY, BLOB
    json,
    enumeration,
    set,
    geometry,
};

struct Column {
    std::string name;
    ColumnType type = ColumnType::text;
    bool is_unsigned = false;
    bool nullable = true;
    bool generated = false;  ///< computed by the server: never written
    std::string charset;     ///< "utf8mb4", "latin1", ...; text, enumeration and set
    /// BIT: bits; BINARY(n): n, values are padded to it; of a MySQL target CHAR(n), VARCHAR(n): n
    /// characters, TEXT: bytes; else 0.
    std::uint32_t length = 0;
    std::uint8_t precision = 0;  ///< DECIMAL: digits in all
    std::uint8_t scale = 0;  ///< DECIMAL: digits behind the point; times: digits of the fraction
    std::vector<std::string> labels;  ///< ENUM and SET, in UTF-8
    /// Postgres: as SQL names it, without modifiers; of a MySQL target its data_type ("varchar").
    std::string type_name;
    /// Postgres: the type beneath all domains as pg_type names it ("int4", "_text" for an array,
    /// "public.geometry" where none of pg_catalog); "enum" for an enum, which type_name names then.
    std::string base_type;
    std::int32_t type_modifier = -1;  ///< Postgres: atttypmod of base_type; -1: none, or not known
    /// MySQL: as information_schema names it, where that was asked; Postgres: of a collation that
    /// is not deterministic alone, its own or a unique key's.
    std::string collation;
    /// Postgres: by what its key tells values of type_name apart, where a plain = with a text would
    /// not do; behind the column's name: ` OPERATOR("ext".=)`, ` COLLATE "s"."c"=`, `::ext.mood=`.
    std::string equality;
    /// Postgres: unnest() gives values back as they stand in an array literal, parted by commas.
    bool fits_array = true;
    bool always_identity = false;  ///< Postgres: GENERATED ALWAYS AS IDENTITY
    bool in_before = true;  ///< before images carry it (Postgres: the replica identity has it)

    bool operator==(const Column&) const = default;
};

struct UniqueKey {
    std::string name;
    std::vector<std::uint16_t> columns;  ///< ordinals, in key order
    bool nullable = false;               ///< some column may be NULL: does not identify rows
    bool partial = false;          ///< indexes a prefix or an expression: does not identify rows
    bool deferrable = false;       ///< Postgres: two rows may have it until the transaction's end
    bool finds_conflicts = false;  ///< Postgres: ON CONFLICT finds by it all that may stand in a
                                   ///< row's way but other unique keys

    bool operator==(const UniqueKey&) const = default;
};

struct TableSchema {
    std::string schema;  ///< the database (MySQL) or schema (Postgres)
    std::string table;
    std::vector<Column> columns;
    std::vector<UniqueKey> unique_keys;  ///< the primary key first where there is one
    bool has_primary_key = false;
    bool names_fold_case = true;  ///< column names compare without case, as MySQL's do
    bool is_partitioned = false;  ///< Postgres: its rows live in its partitions
    bool has_rules = false;       ///< Postgres: a statement may be rewritten, a COPY is not

    bool operator==(const TableSchema&) const = default;

    /// The key that identifies a row: the primary key, else the first unique key whose columns are
    /// all NOT NULL; nullptr for a keyless table.
    const UniqueKey* row_key() const noexcept;

    /// Are these two names of one column?
    bool same_column(std::string_view a, std::string_view b) const noexcept;

    /// The ordinal of the column, -1 where there is none.
    int find(std::string_view column) const noexcept;

    /// `schema`.`table`, or "schema"."table" where names do not fold, for messages.
    std::string display_name() const;
};

using TableSchemaPtr = std::shared_ptr<const TableSchema>;

}  // namespace dts
