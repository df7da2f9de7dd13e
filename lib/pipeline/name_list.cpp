#include "lib/pipeline/name_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/base/error.hpp"

namespace dts {
namespace {

constexpr std::string_view wildcards = "*?";

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string separators_of(std::string_view shape) {
    std::string separators;
    for (const char c : shape)
        if (c == '.' || c == ':') separators += c;
    return separators;
}

// Bytes of the UTF-8 character at the front; a byte that begins none counts as one.
std::size_t character_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t bytes = 1;
    if (byte(0) < 0xC0) return bytes;
    while (bytes < std::min<std::size_t>(4, text.size()) && (byte(bytes) & 0xC0) == 0x80) ++bytes;
    return bytes;
}

// Follows all ways through the pattern at once: places[i] says that what was read so far may end in
// front of byte i of it. Takes no longer than pattern times name, whatever the wildcards.
class Matcher {
  public:
    explicit Matcher(std::string_view pattern)
        : pattern_(pattern), places_(pattern.size() + 1, '\0'), next_(places_) {}

    bool matches(std::string_view name) {
        places_[0] = 1;
        skip_wildcards();
        while (!name.empty()) {
            const std::size_t bytes = character_bytes(name);
            read(name.substr(0, bytes));
            name.remove_prefix(bytes);
        }
        return places_.back() != 0;
    }

  private:
    // A wildcard may stand for nothing.
    void skip_wildcards() {
        for (std::size_t i = 0; i < pattern_.size(); ++i)
            if (places_[i] != 0 && wildcards.find(pattern_[i]) != std::string_view::npos)
                places_[i + 1] = 1;
    }

    void read(std::string_view character) {
        next_.assign(next_.size(), '\0');
        for (std::size_t i = 0; i < pattern_.size(); ++i) {
            if (places_[i] == 0) continue;
            if (pattern_[i] == '*')
                next_[i] = 1;
            else if (pattern_[i] == '?')
                next_[i + 1] = 1;
            else if (pattern_.substr(i).starts_with(character))
                next_[i + character.size()] = 1;
        }
        places_.swap(next_);
        skip_wildcards();
    }

    std::string_view pattern_;
    std::string places_;
    std::string next_;
};

// Reads one list from its front.
class ListReader {
  public:
    ListReader(std::string_view list, std::string_view shape, std::string_view key, char quote)
        : rest_(list),
          quote_(quote),
          shape_(shape),
          separators_(separators_of(shape)),
          ends_of_name_(shape.find(':') == std::string_view::npos ? ",." : ",.:"),
          ends_of_dotted_name_(shape.find(':') == std::string_view::npos ? "," : ",:"),
          key_(key) {}

    std::vector<NameItem> read() {
        std::vector<NameItem> items;
        if (trimmed(rest_).empty()) return items;
        for (;;) {
            items.push_back(read_item());
            if (rest_.empty()) return items;
            rest_.remove_prefix(1);
        }
    }

  private:
    NameItem read_item() {
        item_ = trimmed(rest_.substr(0, item_end()));
        NameItem item;
        item.text = item_;
        std::string separators;
        for (;;) {
            // Where nothing is quoted, a table's name may hold dots: it ends with the item.
            const bool may_have_dots = quote_ == '\0' && separators.ends_with('.');
            item.names.push_back(read_name(may_have_dots ? ends_of_dotted_name_ : ends_of_name_));
            if (rest_.empty() || rest_.front() == ',') break;
            separators += rest_.front();
            rest_.remove_prefix(1);
        }
        if (separators != separators_) throw fault(fmt::format("is not of the form {}", shape_));
        return item;
    }

    std::size_t item_end() const {
        bool is_quoted = false;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            if (rest_[i] == quote_) is_quoted = !is_quoted;
            if (rest_[i] == ',' && !is_quoted) return i;
        }
        return rest_.size();
    }

    // Leaves rest_ at the comma or separator behind the name.
    NamePattern read_name(std::string_view ends) {
        while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
        const bool is_quoted = quote_ != '\0' && rest_.starts_with(quote_);
        std::string name = is_quoted ? read_quoted() : read_plain(ends);
        if (name.empty()) throw fault(item_.empty() ? "is empty" : "holds an empty name");
        return {std::move(name), is_quoted};
    }

    std::string read_plain(std::string_view ends) {
        const auto end = std::min(rest_.find_first_of(ends), rest_.size());
        const auto name = trimmed(rest_.substr(0, end));
        if (name.find(quote_) != std::string_view::npos)
            throw fault(fmt::format("has a {} inside a name", quote_name()));
        rest_.remove_prefix(end);
        return std::string(name);
    }

    std::string read_quoted() {
        std::string name;
        rest_.remove_prefix(1);
        for (;;) {
            const auto end = rest_.find(quote_);
            if (end == std::string_view::npos)
                throw fault(fmt::format("has no closing {}", quote_name()));
            name += rest_.substr(0, end);
            rest_.remove_prefix(end + 1);
            if (!rest_.starts_with(quote_)) break;
            name += quote_;
            rest_.remove_prefix(1);
        }
        while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
        if (!rest_.empty() && ends_of_name_.find(rest_.front()) == std::string_view::npos)
            throw fault(fmt::format("goes on behind a closing {}", quote_name()));
        return name;
    }

    Error fault(std::string_view what) const {
        const auto text = fmt::format("{}: the item \"{}\" {}", key_, item_, what);
        if (quote_ == '\0') return {ErrorKind::config, text};
        return {ErrorKind::config, text,
                fmt::format("a name with , . : * ? in it is taken literally in {}s", quote_name())};
    }

    std::string_view quote_name() const { return quote_ == '`' ? "backquote" : "double quote"; }

    std::string_view rest_;
    char quote_;
    std::string_view shape_;
    std::string separators_;
    std::string_view ends_of_name_;
    std::string_view ends_of_dotted_name_;
    std::string_view key_;
    std::string_view item_;
};

}  // namespace

NamePattern::NamePattern(std::string text, bool is_quoted)
    : text_(std::move(text)),
      is_literal_(is_quoted || text_.find_first_of(wildcards) == std::string::npos) {}

bool NamePattern::matches(std::string_view name) const {
    return is_literal_ ? name == text_ : Matcher(text_).matches(name);
}

std::vector<NameItem> parse_name_list(std::string_view list, std::string_view shape,
                                      std::string_view key, char quote) {
    return ListReader(list, shape, key, quote).read();
}

}  // namespace dts
