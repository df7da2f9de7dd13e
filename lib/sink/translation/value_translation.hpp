// What the values of one column become on their way to another kind of database: decided from both
// columns' types when the table is bound, then done value by value. The rules are two tables, in
// mysql_to_postgres.cpp and postgres_to_mysql.cpp; README.md shows them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/arena.hpp"
#include "lib/change/table_schema.hpp"
#include "lib/change/value.hpp"
#include "lib/sink/translation/charset_decoder.hpp"

namespace dts {

/// What the texts of a column must be, so that a unique key of the target tells them apart.
enum class KeyText : std::uint8_t {
    any,
    without_end_spaces,  ///< it takes "a" and "a " for the same
    canonical_uuid,      ///< a uuid has many texts, and one that Postgres prints
};

struct ValueTranslation {
    /// Never asked for NULL, nor for values that are not carried. What it gives lives in the arena
    /// or where the value lives. Throws Error{data} for a value that the target cannot hold.
    using Function = Value (*)(const Value& value, const ValueTranslation& rule, Arena& arena);

    Function function;
    Column from;
    Column to;
    Column written;  ///< what it gives, as a column of the target's kind describes it
    std::shared_ptr<const CharsetDecoder> decoder;  ///< of text that is not UTF-8
    KeyText key_text = KeyText::any;

    /// One thread at a time.
    Value operator()(const Value& value, Arena& arena) const;
};

/// The rules between two kinds of database: how a column of one is written to a column of the
/// other, nothing where no rule of the table does. Throws Error{data}, with a HINT, where a rule
/// does but for the columns' lengths or digits.
std::optional<ValueTranslation> mysql_to_postgres(const Column& from, const Column& to);
std::optional<ValueTranslation> postgres_to_mysql(const Column& from, const Column& to);

/// A column's type for messages: "BIGINT UNSIGNED", "numeric(10,2)".
std::string type_text(const Column& column);

/// The digits behind the point of numeric(p,s), of a time's fraction; nothing where the type has no
/// limit that is known.
std::optional<int> numeric_scale(const Column& column) noexcept;
/// 6 where the type says nothing.
unsigned fraction_digits(const Column& column) noexcept;

}  // namespace dts
