// The text of definition statements, as far as it has to be understood: parts, the statement that
// is meant among several, names. It is looked at, not parsed: where in doubt, nothing is found.
// Lexical rules: PostgreSQL documentation, "Lexical Structure", with standard_conforming_strings
// on.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dts::postgres_statement {

struct Token {
    enum class Kind : std::uint8_t { word, quoted_name, literal, number, sign };
    Kind kind;
    std::string_view text;  ///< with its quotes; a view into what was read

    /// An unquoted word that is this key word (in capitals).
    bool is(std::string_view word) const noexcept;
    bool is_sign(char c) const noexcept {
        return kind == Kind::sign && text.size() == 1 && text[0] == c;
    }
    bool is_name() const noexcept { return kind == Kind::word || kind == Kind::quoted_name; }
    /// As the server keeps it: folded, or without its quotes.
    std::string name() const;
};

/// Without comments. The views live as long as `sql`.
std::vector<Token> read_tokens(std::string_view sql);

/// The statements of a query string, without their semicolons.
std::vector<std::string_view> split(std::string_view query);

/// The statement with that command tag ("CREATE TABLE") in the string that a client sent; `nth`
/// among those with that tag. Nothing where it cannot be told for certain.
std::optional<std::string_view> find(std::string_view query, std::string_view tag, std::size_t nth);

/// The statement with that command tag where the text holds no other one.
std::optional<std::string_view> only(std::string_view text, std::string_view tag);

/// What PL/pgSQL's PG_CONTEXT says of who executed the statement that an event trigger fired for.
struct Caller {
    bool is_client = true;  ///< no function stands between
    /// Of the function, where the stack tells; of EXECUTE, its whole string, with what else is in
    /// it.
    std::optional<std::string_view> statement;
};
Caller read_context(std::string_view context);

/// The same statement without CONCURRENTLY, which a transaction does not take.
std::string without_concurrently(std::string_view statement);

/// ALTER TABLE ... ADD COLUMN, or ALTER COLUMN ... TYPE ... USING, whose values in rows that are
/// there the server makes up: they would not be the source's.
bool makes_up_values(std::string_view statement);

/// ALTER TABLE ... RENAME TO, SET SCHEMA: the table's name before; nothing for any other.
struct OldName {
    std::optional<std::string> schema;  ///< where it is written
    std::string table;
    bool moves_schema = false;
};
std::optional<OldName> old_name(std::string_view statement);

/// Does any name in the text meet the condition?
bool names_any(std::string_view text, const std::function<bool(std::string_view name)>& condition);

}  // namespace dts::postgres_statement
