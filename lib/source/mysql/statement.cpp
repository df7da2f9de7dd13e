#include "lib/source/mysql/statement.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <strings.h>

namespace dts {

namespace {

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_name_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool same_word(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// Names and signs of a statement, one after the other; strings, numbers and comments are skipped.
class Tokens {
  public:
    explicit Tokens(std::string_view sql) : rest_(sql) {}

    struct Token {
        std::string text;  ///< a name without its quotes, or one sign
        bool is_name = false;
        bool is_end = false;
    };

    Token next() {
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (is_space(c)) {
                rest_.remove_prefix(1);
            } else if (skip_comment()) {
            } else if (c == '`' ||
                       c == '"') {  // with ANSI_QUOTES a name, else a string: may be one
                return {quoted(c), true, false};
            } else if (c == '\'') {
                quoted(c);
            } else if (is_name_char(c)) {
                const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_name_char);
                const auto length = static_cast<std::size_t>(end - rest_.begin());
                Token token{std::string(rest_.substr(0, length)), true, false};
                rest_.remove_prefix(length);
                return token;
            } else {
                rest_.remove_prefix(1);
                return {std::string(1, c), false, false};
            }
        }
        return {{}, false, true};
    }

  private:
    bool skip_comment() {
        if (rest_.starts_with("/*!")) {  // executed by the servers: only the brackets are skipped
            rest_.remove_prefix(3);
            while (!rest_.empty() &&
                   (std::isdigit(static_cast<unsigned char>(rest_[0])) != 0 || rest_[0] == 'M'))
                rest_.remove_prefix(1);
            return true;
        }
        if (rest_.starts_with("*/")) return remove(2);
        if (rest_.starts_with("/*")) {
            const auto end = rest_.find("*/", 2);
            return remove(end == std::string_view::npos ? rest_.size() : end + 2);
        }
        if (rest_.starts_with("#") || rest_.starts_with("-- ")) {
            const auto end = rest_.find('\n');
            return remove(end == std::string_view::npos ? rest_.size() : end + 1);
        }
        return false;
    }

    bool remove(std::size_t count) {
        rest_.remove_prefix(count);
        return true;
    }

    std::string quoted(char quote) {
        std::string text;
        std::size_t i = 1;
        for (; i < rest_.size(); ++i) {
            if (rest_[i] == '\\' && quote != '`') {
                ++i;
                continue;
            }
            if (rest_[i] == quote) {
                if (i + 1 >= rest_.size() || rest_[i + 1] != quote) break;
                ++i;
            }
            text += rest_[i];
        }
        rest_.remove_prefix(std::min(i + 1, rest_.size()));
        return text;
    }

    std::string_view rest_;
};

/// Whether behind this word the statement names no more tables that it changes.
bool ends_targets(std::string_view verb, std::string_view word) {
    const auto is_one_of = [word](std::initializer_list<std::string_view> words) {
        return std::any_of(words.begin(), words.end(),
                           [word](std::string_view w) { return same_word(w, word); });
    };
    if (same_word(verb, "INSERT") || same_word(verb, "REPLACE"))
        return is_one_of({"(", "SELECT", "VALUES", "VALUE", "SET", "WITH"});
    if (same_word(verb, "UPDATE")) return is_one_of({"SET"});
    if (same_word(verb, "DELETE")) return is_one_of({"WHERE"});
    return false;
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
    Tokens tokens(sql);
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
    Tokens tokens(sql);
    std::string name;
    for (auto token = tokens.next(); !token.is_end; token = tokens.next()) {
        if (token.is_name) name = std::move(token.text);
    }
    return name;
}

bool may_change(std::string_view sql, std::string_view default_schema,
                const std::function<bool(std::string_view, std::string_view)>& is_subscribed) {
    Tokens tokens(sql);
    auto token = tokens.next();
    const std::string verb = token.text;
    std::string before;  // the name in front of this one, where a point stands between
    bool after_point = false;
    for (; !token.is_end && !ends_targets(verb, token.text); token = tokens.next()) {
        if (!token.is_name) {
            after_point = token.text == "." && !before.empty();
            if (!after_point) before.clear();
            continue;
        }
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

}  // namespace dts
