// The part of sql_text that inserts.
#include <algorithm>

#include "lib/client/mysql_client.hpp"
#include "lib/sink/sql_text.hpp"

namespace dts::sql_text {

InsertForm insert_form(const TableBinding& binding, bool overwrite, bool may_replace) noexcept {
    if (!overwrite) return InsertForm::plain;
    return binding.whole && may_replace ? InsertForm::replace : InsertForm::merge;
}

void append_insert_head(std::string& out, const TableBinding& binding, InsertForm form) {
    out += form == InsertForm::replace ? "REPLACE INTO " : "INSERT INTO ";
    out += quote_identifier(binding.target->schema);
    out += '.';
    out += quote_identifier(binding.target->table);
    char separator = '(';
    for (const auto& field : binding.fields) {
        out += separator;
        out += quote_identifier(binding.target_column(field).name);
        separator = ',';
    }
    out += ") VALUES ";
}

void append_insert_tail(std::string& out, const TableBinding& binding, InsertForm form) {
    if (form != InsertForm::merge && form != InsertForm::merge_own) return;
    const char* separator = " ON DUPLICATE KEY UPDATE ";
    for (const auto& field : binding.fields) {
        const std::string name = quote_identifier(binding.target_column(field).name);
        const std::string value = "VALUES(" + name + ")";
        const bool is_key =
            std::find(binding.key.begin(), binding.key.end(), field.source) != binding.key.end();
        out += separator + name + "=";
        // The columns of the key are NOT NULL: another row is refused.
        out += form == InsertForm::merge_own && is_key
                   ? "IF(" + name + "<=>" + value + "," + value + ",NULL)"
                   : value;
        separator = ",";
    }
}

}  // namespace dts::sql_text
