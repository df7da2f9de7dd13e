#include "lib/source/mysql/definition_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "lib/source/mysql/statement_tokens.hpp"

namespace dts {

namespace {

constexpr std::size_t longest_quoted_text = 200;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view w) { return same_word(word, w); });
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

bool may_hold_password(std::string_view sql) {
    const std::string text = upper(std::string(sql));
    return text.find("PASSWORD") != std::string::npos ||
           text.find("CONNECTION") != std::string::npos ||
           text.find("IDENTIFIED") != std::string::npos;
}

/// Reads targets off the tokens.
class TargetReader {
  public:
    TargetReader(std::string_view sql, std::string_view default_schema)
        : tokens_(sql), default_schema_(default_schema) {
        advance();
    }

    TableStatement read() {
        TableStatement statement;
        const std::string verb = upper(token_.text);
        if (!is_one_of(verb, {"CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"})) return {};
        advance();
        while (is_one_of(token_.text, {"OR", "REPLACE", "UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR",
                                       "ONLINE", "OFFLINE", "IGNORE"}))
            advance();
        const bool is_index = is_one_of(token_.text, {"INDEX"});
        const bool is_table = is_one_of(token_.text, {"TABLE", "TABLES"});
        if (!is_index && !is_table && verb != "TRUNCATE") return {};
        if (is_index) {
            while (!token_.is_end && !same_word(token_.text, "ON")) advance();
        }
        if (is_index || is_table) advance();
        while (is_one_of(token_.text, {"IF", "NOT", "EXISTS"})) advance();
        statement.verb = verb;
        const bool is_list = is_table && (verb == "DROP" || verb == "RENAME");
        do {
            read_target(statement);
        } while (is_list && skip_to_next());
        return statement;
    }

  private:
    void advance() { token_ = tokens_.next(); }

    void read_target(TableStatement& statement) {
        if (!token_.is_name) return;
        std::string name = std::move(token_.text);
        std::string schema(default_schema_);
        advance();
        if (token_.text == ".") {
            advance();
            schema = std::exchange(name, std::move(token_.text));
            advance();
        }
        statement.targets.push_back({std::move(schema), std::move(name)});
    }

    /// To the name behind a comma or TO.
    bool skip_to_next() {
        while (!token_.is_end && token_.text != "," && !same_word(token_.text, "TO")) advance();
        if (token_.is_end) return false;
        advance();
        return token_.is_name;
    }

    StatementTokens tokens_;
    StatementTokens::Token token_;
    std::string_view default_schema_;
};

}  // namespace

TableStatement parse_table_statement(std::string_view sql, std::string_view default_schema) {
    return TargetReader(sql, default_schema).read();
}

std::vector<std::string> DefinitionNotes::of(std::string_view sql, std::string_view default_schema,
                                             const Selector& is_subscribed) {
    std::vector<std::string> notes;
    const auto statement = parse_table_statement(sql, default_schema);
    for (const auto& target : statement.targets) {
        if (!is_subscribed(target.schema, target.table)) continue;
        const auto name = fmt::format("`{}`.`{}`", target.schema, target.table);
        if (!made_.insert(statement.verb + ' ' + name).second) continue;
        const auto text = may_hold_password(sql)
                              ? fmt::format("{} (its text may hold a password)", statement.verb)
                              : std::string(sql.substr(0, longest_quoted_text));
        notes.push_back(
            fmt::format("{}: a definition statement is not applied to the target: {}", name, text));
    }
    return notes;
}

}  // namespace dts
