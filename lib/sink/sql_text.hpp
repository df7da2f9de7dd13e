// Values and statements as MySQL text, for what is not sent in binary form: keyless rows, targets
// without bulk execution, the sql file. Assumes a utf8mb4 connection with time_zone '+00:00' and
// backslash escapes on. Appends to a caller's string; allocates nothing else.
#pragma once

#include <string>

#include "lib/sink/write_group.hpp"

namespace dts::sql_text {

/// A literal that the target column takes and compares without loss. `from` describes the value.
void append_literal(std::string& out, const Value& value, const Column& from, bool by_label);

/// The bare text of a value of kind date, datetime, time or timestamp ("2024-10-10
/// 08:00:58.123456"; no fraction where it is zero and scale is 0).
void append_civil(std::string& out, const Value& value, unsigned scale);

/// A timestamp as date and time in UTC; MySQL's zero timestamp as all zeros.
CivilTime civil_of(const Value& timestamp);

/// The label of an ENUM's ordinal, the labels of a SET's mask joined by commas.
std::string labels_of(const Value& value, const Column& column);

/// How a row enters a table that may hold it already.
enum class InsertForm : std::uint8_t {
    plain,    ///< a row that is there is an error
    replace,  ///< REPLACE: it is deleted, and inserted anew. Whole rows only
    merge,    ///< ON DUPLICATE KEY UPDATE: the written columns are set
    /// The same of the row with that key alone: where another row holds one of its unique values,
    /// that is an error. REQUIRES a key.
    merge_own,
};
/// `overwrite`: rows that are there are overwritten; `may_replace`: by REPLACE, where no foreign
/// key of another table would see the deletion.
InsertForm insert_form(const TableBinding& binding, bool overwrite, bool may_replace) noexcept;

/// INSERT INTO `db`.`t` (`a`,`b`) VALUES
void append_insert_head(std::string& out, const TableBinding& binding, InsertForm form);
/// (1,'x')
void append_row(std::string& out, const TableBinding& binding, const Value* row);
/// What follows the rows: nothing, or ON DUPLICATE KEY UPDATE ...
void append_insert_tail(std::string& out, const TableBinding& binding, InsertForm form);

/// DELETE FROM `db`.`t` WHERE `id` IN, or (`a`,`b`) IN
void append_remove_head(std::string& out, const TableBinding& binding);
/// 7, or (7,'x')
void append_key(std::string& out, const TableBinding& binding, const Value* row);

/// One whole statement that does this write to one row, without a semicolon. `form` is for inserts.
void append_statement(std::string& out, const TableBinding& binding, WriteKind kind,
                      const RowWrite& row, InsertForm form);

/// `id`=7,`name`='x' of the row's key, or of all columns when it has none: for messages.
std::string describe_row(const TableBinding& binding, const Value* row);

}  // namespace dts::sql_text
