#include "lib/source/mysql/statement_tokens.hpp"

#include <algorithm>
#include <cctype>
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

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

StatementTokens::Token StatementTokens::next() {
    while (!rest_.empty()) {
        const char c = rest_.front();
        if (is_space(c)) {
            rest_.remove_prefix(1);
        } else if (skip_comment()) {
        } else if (c == '`' || c == '"') {  // with ANSI_QUOTES a name, else a string: may be one
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

bool StatementTokens::skip_comment() {
    // Executed by the servers: only the brackets are skipped.
    if (rest_.starts_with("/*!") || rest_.starts_with("/*M!")) {
        rest_.remove_prefix(rest_[2] == 'M' ? 4 : 3);
        while (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_[0])) != 0)
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

bool StatementTokens::remove(std::size_t count) {
    rest_.remove_prefix(count);
    return true;
}

std::string StatementTokens::quoted(char quote) {
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

}  // namespace dts
