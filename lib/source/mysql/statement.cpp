#include "lib/source/mysql/statement.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "lib/source/mysql/statement_tokens.hpp"

namespace dts {

namespace {

bool is_ascii(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// The word behind which a statement names no more tables that it changes; "" where it may.
std::string_view end_of_targets(std::string_view verb) {
    if (same_word(verb, "INSERT") || same_word(verb, "REPLACE")) return "(";
    if (same_word(verb, "UPDATE")) return "SET";
    if (same_word(verb, "DELETE")) return "WHERE";
    return {};
}

StatementKind classify_xa(std::string_view verb) {
    if (same_word(verb, "START") || same_word(verb, "BEGIN")) return StatementKind::xa_start;
    if (same_word(verb, "END")) return StatementKind::xa_end;
    if (same_word(verb, "PREPARE")) return StatementKind::xa_prepare;
    if (same_word(verb, "COMMIT")) return StatementKind::xa_commit;
    if (same_word(verb, "ROLLBACK")) return StatementKind::xa_rollback;
    return StatementKind::definition;
}

}  // namespace

StatementKind classify(std::string_view sql) {
    static constexpr auto row_verbs = std::to_array<std::string_view>(
        {"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "WITH", "CALL", "SELECT", "DO"});
    if (sql == "BEGIN") return StatementKind::begin;
    if (sql == "COMMIT") return StatementKind::commit;
    StatementTokens tokens(sql);
    const auto first = tokens.next();
    const std::string_view verb = first.text;
    if (first.is_end) return StatementKind::nothing;
    if (same_word(verb, "BEGIN")) return StatementKind::begin;
    if (same_word(verb, "COMMIT")) return StatementKind::commit;
    if (same_word(verb, "SAVEPOINT")) return StatementKind::savepoint;
    if (same_word(verb, "ROLLBACK"))
        return same_word(tokens.next().text, "TO") ? StatementKind::rollback_to_savepoint
                                                   : StatementKind::rollback;
    if (same_word(verb, "START"))
        return same_word(tokens.next().text, "TRANSACTION") ? StatementKind::begin
                                                            : StatementKind::definition;
    if (same_word(verb, "XA")) return classify_xa(tokens.next().text);
    const bool is_row_change = std::any_of(row_verbs.begin(), row_verbs.end(),
                                           [&](std::string_view v) { return same_word(verb, v); });
    return is_row_change ? StatementKind::row_change : StatementKind::definition;
}

std::string savepoint_name(std::string_view sql) {
    StatementTokens tokens(sql);
    std::string name;
    for (auto token = tokens.next(); !token.is_end; token = tokens.next()) {
        if (token.is_name) name = std::move(token.text);
    }
    return name;
}

bool may_change(std::string_view sql, std::string_view default_schema,
                const std::function<bool(std::string_view, std::string_view)>& is_subscribed) {
    StatementTokens tokens(sql);
    auto token = tokens.next();
    const std::string_view end = end_of_targets(token.text);
    std::string before;  // the name in front of this one, where a point stands between
    bool after_point = false;
    for (; !token.is_end && !same_word(token.text, end); token = tokens.next()) {
        if (!token.is_name) {
            after_point = token.text == "." && !before.empty();
            if (!after_point) before.clear();
            continue;
        }
        if (!is_ascii(token.text)) return true;  // perhaps in another character set
        if (is_subscribed(after_point ? before : default_schema, token.text)) return true;
        before = std::move(token.text);
        after_point = false;
    }
    return false;
}

bool may_concern(std::string_view sql, std::string_view table) {
    const auto contains = [sql](std::string_view part) {
        return std::search(sql.begin(), sql.end(), part.begin(), part.end(), [](char a, char b) {
                   return std::tolower(static_cast<unsigned char>(a)) ==
                          std::tolower(static_cast<unsigned char>(b));
               }) != sql.end();
    };
    // A quote inside a name is doubled in the text; a whole database says no table's name.
    return contains(table) || contains("``") || contains("DATABASE") || contains("SCHEMA");
}

bool may_hide_names(std::string_view sql) {
    return sql.find("/*!") != std::string_view::npos ||
           sql.find("/*M!") != std::string_view::npos || !is_ascii(sql);
}

bool names_its_targets(std::string_view sql) {
    static constexpr auto verbs =
        std::to_array<std::string_view>({"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD"});
    const auto first = StatementTokens(sql).next();
    return std::any_of(verbs.begin(), verbs.end(),
                       [&](std::string_view verb) { return same_word(first.text, verb); });
}

}  // namespace dts
