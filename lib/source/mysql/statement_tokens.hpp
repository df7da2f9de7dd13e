// A statement's text in parts: names and signs, one after the other. Strings, numbers and comments
// are skipped; what stands in comments that the servers execute is not.
#pragma once

#include <string>
#include <string_view>

namespace dts {

/// Equal but for case.
bool same_word(std::string_view a, std::string_view b);

class StatementTokens {
  public:
    /// `sql` must outlive the tokens.
    explicit StatementTokens(std::string_view sql) : rest_(sql) {}

    struct Token {
        std::string text;  ///< a name without its quotes, or one sign
        bool is_name = false;
        bool is_end = false;
    };
    Token next();

  private:
    bool skip_comment();
    bool remove(std::size_t count);
    std::string quoted(char quote);

    std::string_view rest_;
};

}  // namespace dts
