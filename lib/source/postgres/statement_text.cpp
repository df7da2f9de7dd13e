#include "lib/source/postgres/statement_text.hpp"

#include <algorithm>
#include <array>

namespace dts::postgres_statement {

namespace {

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool starts_name(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 128;
}
bool continues_name(char c) {
    return starts_name(c) || is_digit(c) || c == '$';
}

class Lexer {
  public:
    explicit Lexer(std::string_view sql) : sql_(sql) {}

    std::optional<Token> next() {
        skip_blanks();
        if (at_ >= sql_.size()) return std::nullopt;
        const std::size_t begin = at_;
        const Token::Kind kind = read();
        return Token{kind, sql_.substr(begin, at_ - begin)};
    }

  private:
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
    }

    void skip_blanks() {
        while (at_ < sql_.size()) {
            const char c = peek();
            if (c == ' ' || (c >= '\t' && c <= '\r')) {
                ++at_;
            } else if (c == '-' && peek(1) == '-') {
                at_ = std::min(sql_.find('\n', at_), sql_.size());
            } else if (c == '/' && peek(1) == '*') {
                skip_comment();
            } else {
                return;
            }
        }
    }

    /// Comments may be nested.
    void skip_comment() {
        unsigned depth = 0;
        do {
            if (peek() == '/' && peek(1) == '*') {
                ++depth, at_ += 2;
            } else if (peek() == '*' && peek(1) == '/') {
                --depth, at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0 && at_ < sql_.size());
        at_ = std::min(at_, sql_.size());
    }

    Token::Kind read() {
        const char c = peek();
        if (c == '\'') return quoted('\'', false), Token::Kind::literal;
        if (c == '"') return quoted('"', false), Token::Kind::quoted_name;
        if (c == '$' && dollar_quoted()) return Token::Kind::literal;
        if (starts_name(c)) return word();
        if (is_digit(c) || (c == '.' && is_digit(peek(1))) || c == '$') {
            do ++at_;
            while (continues_name(peek()) || peek() == '.');
            return Token::Kind::number;
        }
        ++at_;
        return Token::Kind::sign;
    }

    Token::Kind word() {
        const std::size_t begin = at_;
        while (continues_name(peek())) ++at_;
        const std::size_t length = at_ - begin;
        const char prefix = length == 1 ? lower(sql_[begin]) : '\0';
        if (peek() == '\'' && prefix != '\0' &&
            std::string_view("ebxn").find(prefix) != std::string_view::npos) {
            quoted('\'', prefix == 'e');
            return Token::Kind::literal;
        }
        if (prefix == 'u' && peek() == '&' && (peek(1) == '\'' || peek(1) == '"')) {
            ++at_;
            const bool is_name = peek() == '"';
            quoted(peek(), false);
            return is_name ? Token::Kind::quoted_name : Token::Kind::literal;
        }
        return Token::Kind::word;
    }

    void quoted(char quote, bool escapes) {
        ++at_;
        while (at_ < sql_.size()) {
            const char c = sql_[at_++];
            if (escapes && c == '\\') {
                ++at_;
            } else if (c == quote) {
                if (peek() != quote) return;
                ++at_;
            }
        }
        at_ = sql_.size();
    }

    bool dollar_quoted() {
        std::size_t end = at_ + 1;
        if (end < sql_.size() && starts_name(sql_[end]))
            while (end < sql_.size() && continues_name(sql_[end]) && sql_[end] != '$') ++end;
        if (end >= sql_.size() || sql_[end] != '$') return false;
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = sql_.find(tag, end + 1);
        at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
        return true;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
};

/// How deep in brackets, and in bodies of functions that are written as statements.
class Nesting {
  public:
    void pass(const Token& token) {
        if (token.is_sign('(') || token.is_sign('[')) ++brackets_;
        if (token.is_sign(')') || token.is_sign(']')) --brackets_;
        if (after_begin_ && token.is("ATOMIC")) body_ = 1;
        after_begin_ = token.is("BEGIN");
        if (body_ > 0 && token.is("CASE")) ++body_;
        if (body_ > 0 && token.is("END")) --body_;
    }
    bool is_top() const { return brackets_ <= 0 && body_ == 0; }

  private:
    int brackets_ = 0;
    unsigned body_ = 0;
    bool after_begin_ = false;
};

bool is_one_of(const Token& token, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](auto word) { return token.is(word); });
}

/// "CREATE TABLE", as the server's event triggers name what stands there.
std::string tag_of(std::string_view statement) {
    const auto tokens = read_tokens(statement);
    if (tokens.empty() || tokens[0].kind != Token::Kind::word) return {};
    std::size_t i = 1;
    while (i < tokens.size() && is_one_of(tokens[i], {"GLOBAL", "LOCAL", "TEMP", "TEMPORARY",
                                                      "UNLOGGED", "UNIQUE", "OR", "REPLACE"}))
        ++i;
    std::string tag;
    for (const char c : tokens[0].text) tag += upper(c);
    if (i >= tokens.size() || tokens[i].kind != Token::Kind::word) return tag;
    tag += ' ';
    for (const char c : tokens[i].text) tag += upper(c);
    if (tag != "CREATE TABLE") return tag;
    Nesting nesting;
    for (const Token& token : tokens) {
        nesting.pass(token);
        if (nesting.is_top() && token.is("AS")) return "CREATE TABLE AS";
    }
    return tag;
}

/// What follows the name of the table that ALTER TABLE is about.
struct AlterHead {
    std::optional<std::string> schema;
    std::string table;
    std::size_t next = 0;  ///< the first token behind
};

std::optional<AlterHead> alter_head(const std::vector<Token>& tokens) {
    std::size_t i = 2;
    if (tokens.size() < 4 || !tokens[0].is("ALTER") || !tokens[1].is("TABLE")) return std::nullopt;
    while (i < tokens.size() && is_one_of(tokens[i], {"IF", "EXISTS", "ONLY"})) ++i;
    if (i >= tokens.size() || !tokens[i].is_name()) return std::nullopt;
    AlterHead head;
    head.table = tokens[i++].name();
    if (i + 1 < tokens.size() && tokens[i].is_sign('.') && tokens[i + 1].is_name()) {
        head.schema = std::exchange(head.table, tokens[i + 1].name());
        i += 2;
    }
    if (i < tokens.size() && tokens[i].is_sign('*')) ++i;
    head.next = i;
    return head;
}

/// Does it call anything, or ask for the moment? Not a cast, with the CAST of SQL or its arrow.
/// What begin points to has two tokens before it.
bool makes_up_value(const Token* begin, const Token* end) {
    for (const Token* v = begin; v != end; ++v) {
        if (is_one_of(*v, {"CHECK", "REFERENCES", "CONSTRAINT"})) break;
        const bool is_type = (v[-1].is_sign(':') && v[-2].is_sign(':')) || v[-1].is("AS") ||
                             v->is("CAST") ||
                             (v->is("VARYING") && is_one_of(v[-1], {"CHARACTER", "CHAR", "BIT"}));
        if (v->is_name() && !is_type && v + 1 != end && v[1].is_sign('(')) return true;
        if (is_one_of(*v, {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME",
                           "LOCALTIMESTAMP", "CURRENT_USER", "USER", "SESSION_USER", "CURRENT_ROLE",
                           "CURRENT_CATALOG", "CURRENT_SCHEMA"}))
            return true;
        if (v->kind != Token::Kind::literal) continue;
        std::string text;
        for (const char c : v->text)
            if (starts_name(c)) text += lower(c);
        constexpr std::array<std::string_view, 4> moments = {"now", "today", "tomorrow",
                                                             "yesterday"};
        if (std::find(moments.begin(), moments.end(), text) != moments.end()) return true;
    }
    return false;
}

/// Of the tokens of one action, behind ADD. A default that is not plainly a constant is made up.
bool adds_made_up_column(const Token* begin, const Token* end) {
    if (begin != end && is_one_of(*begin, {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK",
                                           "EXCLUDE", "NOT"}))
        return false;
    for (const Token* t = begin; t != end; ++t) {
        if (is_one_of(*t, {"SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL2", "SERIAL4", "SERIAL8",
                           "IDENTITY"}))
            return true;
        if (t->is("DEFAULT") && makes_up_value(t + 1, end)) return true;
    }
    return false;
}

/// Of the tokens of one action, behind ALTER.
bool changes_to_made_up_values(const Token* begin, const Token* end) {
    const Token* const by =
        std::find_if(begin, end, [](const Token& token) { return token.is("USING"); });
    return by != end && makes_up_value(by + 1, end);
}

}  // namespace

bool Token::is(std::string_view word) const noexcept {
    return kind == Kind::word && std::equal(text.begin(), text.end(), word.begin(), word.end(),
                                            [](char a, char b) { return upper(a) == b; });
}

std::string Token::name() const {
    std::string name;
    if (kind == Kind::word) {
        for (const char c : text) name += lower(c);
        return name;
    }
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        name += text[i];
        if (text[i] == '"') ++i;
    }
    return name;
}

std::vector<Token> read_tokens(std::string_view sql) {
    std::vector<Token> tokens;
    Lexer lexer(sql);
    while (const auto token = lexer.next()) tokens.push_back(*token);
    return tokens;
}

std::vector<std::string_view> split(std::string_view query) {
    std::vector<std::string_view> statements;
    Nesting nesting;
    std::size_t begin = 0;
    bool is_empty = true;
    const auto end_at = [&](std::size_t end) {
        if (!is_empty) statements.push_back(query.substr(begin, end - begin));
    };
    for (const Token& token : read_tokens(query)) {
        if (token.is_sign(';') && nesting.is_top()) {
            const auto at = static_cast<std::size_t>(token.text.data() - query.data());
            end_at(at);
            begin = at + 1;
            is_empty = true;
            nesting = {};
            continue;
        }
        if (is_empty) begin = static_cast<std::size_t>(token.text.data() - query.data());
        is_empty = false;
        nesting.pass(token);
    }
    end_at(query.size());
    return statements;
}

/// Among several of one tag the n-th is meant only where nothing between them can have been taken
/// back, or have been counted in an earlier transaction.
std::optional<std::string_view> find(std::string_view query, std::string_view tag,
                                     std::size_t nth) {
    std::vector<std::string_view> found;
    bool ended = false, is_certain = true;
    for (const auto statement : split(query)) {
        const std::string its = tag_of(statement);
        if (its == tag) {
            found.push_back(statement);
            is_certain = is_certain && !ended;
        }
        const std::string_view verb = std::string_view(its).substr(0, its.find(' '));
        if (verb == "ROLLBACK" || verb == "ABORT" || verb == "SAVEPOINT") is_certain = false;
        if (verb == "COMMIT" || verb == "END" || verb == "PREPARE") ended = true;
    }
    if (found.size() == 1) return found.front();
    if (!is_certain || nth >= found.size()) return std::nullopt;
    return found[nth];
}

std::optional<std::string_view> only(std::string_view text, std::string_view tag) {
    const auto statements = split(text);
    if (statements.size() != 1 || tag_of(statements.front()) != tag) return std::nullopt;
    return statements.front();
}

Caller read_context(std::string_view context) {
    // The first line is the event trigger's own.
    const auto newline = context.find('\n');
    if (newline == std::string_view::npos) return {};
    std::string_view rest = context.substr(newline + 1);
    if (rest.empty()) return {};
    constexpr std::string_view head = "SQL statement \"";
    if (!rest.starts_with(head)) return {false, std::nullopt};
    rest.remove_prefix(head.size());
    const auto end = rest.find("\"\nPL/pgSQL function ");
    if (end == std::string_view::npos) return {false, std::nullopt};
    return {false, rest.substr(0, end)};
}

std::string without_concurrently(std::string_view statement) {
    std::string result;
    std::size_t done = 0;
    Nesting nesting;
    for (const Token& token : read_tokens(statement)) {
        nesting.pass(token);
        if (!nesting.is_top() || !token.is("CONCURRENTLY")) continue;
        const auto at = static_cast<std::size_t>(token.text.data() - statement.data());
        result += statement.substr(done, at - done);
        done = at + token.text.size();
    }
    result += statement.substr(done);
    return result;
}

bool makes_up_values(std::string_view statement) {
    const auto tokens = read_tokens(statement);
    const auto head = alter_head(tokens);
    if (!head) return true;
    Nesting nesting;
    const Token* const end = tokens.data() + tokens.size();
    for (const Token* begin = tokens.data() + head->next; begin < end;) {
        const Token* action_end = begin;
        for (; action_end != end; ++action_end) {
            nesting.pass(*action_end);
            if (nesting.is_top() && action_end->is_sign(',')) break;
        }
        if (begin->is("ADD") && adds_made_up_column(begin + 1, action_end)) return true;
        if (begin->is("ALTER") && changes_to_made_up_values(begin + 1, action_end)) return true;
        begin = action_end == end ? end : action_end + 1;
    }
    return false;
}

std::optional<OldName> old_name(std::string_view statement) {
    const auto tokens = read_tokens(statement);
    const auto head = alter_head(tokens);
    if (!head || head->next + 1 >= tokens.size()) return std::nullopt;
    const Token& first = tokens[head->next];
    const Token& second = tokens[head->next + 1];
    const bool renames = first.is("RENAME") && second.is("TO");
    const bool moves = first.is("SET") && second.is("SCHEMA");
    if (!renames && !moves) return std::nullopt;
    return OldName{head->schema, head->table, moves};
}

bool names_any(std::string_view text, const std::function<bool(std::string_view)>& condition) {
    const auto tokens = read_tokens(text);
    return std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
        return token.is_name() && condition(token.name());
    });
}

}  // namespace dts::postgres_statement
