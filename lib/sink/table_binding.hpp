// How the rows of one source table are written to one target table: which columns, by which key.
// Made once per pair of table descriptions, then shared by everything that writes such rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/change/table_schema.hpp"

namespace dts {

class RowTranslation;
struct ValueTranslation;
/// lib/sink/translation/value_translation.hpp
using TranslationRules = std::optional<ValueTranslation> (*)(const Column& from, const Column& to);

/// What the router and the filter say of the columns of one source table.
struct ColumnRules {
    std::vector<std::pair<std::string, std::string>> renamed;  ///< source name, target name
    std::vector<std::string> ignored;                          ///< source names
};

struct TableBinding {
    struct Field {
        std::uint16_t source;  ///< ordinal in the source row
        std::uint16_t target;  ///< ordinal in the target table
        /// ENUM and SET whose labels differ travel as text, not as ordinals.
        bool by_label = false;
    };

    TableSchemaPtr source;  ///< as the rows are that the sink gets: translated ones
    TableSchemaPtr target;
    /// Makes such rows of the source's own, where the target is of another kind; else nullptr.
    std::shared_ptr<const RowTranslation> translation;
    std::vector<Field> fields;       ///< what is written, in the order of the target's columns
    std::vector<std::uint16_t> key;  ///< source ordinals that identify a target row; empty: keyless
    /// The other unique keys of the target, as source ordinals: rows whose values move there are
    /// deleted before they are written again.
    std::vector<std::vector<std::uint16_t>> other_keys;
    std::vector<std::uint16_t> enums;  ///< source ordinals of what is written from ENUM to ENUM
    bool has_any_unique_key = false;   ///< of the target, whether or not it identifies rows
    /// Every column of the target that can be written is: a row may be replaced as a whole. Else it
    /// must be updated in place, or the target's own columns would lose their values.
    bool whole = false;

    bool keyless() const noexcept { return key.empty(); }
    const Column& source_column(const Field& f) const { return source->columns[f.source]; }
    const Column& target_column(const Field& f) const { return target->columns[f.target]; }
    /// The field that writes this source ordinal. It exists for each ordinal of `key`.
    const Field& field_of(std::uint16_t source_ordinal) const;
};

using TableBindingPtr = std::shared_ptr<const TableBinding>;

/// The source's own description under the names it is routed to, without the names of its types,
/// for sinks that have none.
TableSchemaPtr routed(const TableSchema& source, const std::string& schema,
                      const std::string& table, const ColumnRules& rules);

/// Columns are matched by name: as it is written, else without case where one of the two kinds of
/// database compares names so. `translation`: between two kinds of database. Throws Error{data}
/// naming the column when the target lacks one that the source sends, when two go to one, and when
/// its type cannot be written there.
TableBindingPtr bind_tables(TableSchemaPtr source, TableSchemaPtr target, const ColumnRules& rules,
                            TranslationRules translation = nullptr);

}  // namespace dts
