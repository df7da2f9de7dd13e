// Lists of names as filter and router take them: "db1,`a.b`.tb*". Items are separated by commas. A
// name in quotes (backquotes, for Postgres double quotes) is taken literally, commas, dots and
// wildcards included; a quote in it is written twice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dts {

/// A name, or with * (any characters) and ? (none or one character) a pattern for names.
class NamePattern {
  public:
    NamePattern(std::string text, bool is_quoted);

    bool matches(std::string_view name) const;
    bool is_literal() const noexcept { return is_literal_; }
    const std::string& text() const noexcept { return text_; }

  private:
    std::string text_;
    bool is_literal_;
};

struct NameItem {
    std::string text;  ///< as written, for messages
    std::vector<NamePattern> names;
};

/// The items of a list. With the quote '\0' nothing is quoted and a table's name may hold dots, as
/// MongoDB's collections do. `shape` says what each must look like ("db", "db.tb", "db:db",
/// "db.tb:db.tb"): names, and between them these very dots and colons. An empty list has no items.
/// Throws Error{config} with the item and `key` ("[filter] do_tbs").
std::vector<NameItem> parse_name_list(std::string_view list, std::string_view shape,
                                      std::string_view key, char quote = '`');

}  // namespace dts
