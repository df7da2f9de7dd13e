// Two keys that the source tells apart must stay two in the target: else one row would take the
// place of another. Asked when a table is bound, and of each text of such a key.
#pragma once

#include <string_view>

#include "lib/sink/translation/value_translation.hpp"

namespace dts {

/// For a column of a unique key of the target. Throws Error{data} with a HINT where the target's
/// column takes different values of the source for the same; may set key_text.
void require_exact_key(ValueTranslation& column);

/// Throws Error{data} with a HINT for a text that is not as `column.key_text` has it.
void require_key_text(std::string_view text, const ValueTranslation& column);

/// Throws Error{data} with a HINT for a unique key of MySQL's over a part of its columns, or over
/// what the target computes of them. (Postgres refuses the rows themselves.)
void require_whole_keys(const TableSchema& source, const TableSchema& target);

/// Is the column one of MySQL's? The others are of Postgres.
inline bool is_of_mysql(const Column& column) noexcept {
    return column.base_type.empty();
}

}  // namespace dts
