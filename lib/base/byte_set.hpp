// A few bytes to look for in a text: one look into a table for each byte of the text, where
// std::string_view asks memchr() for each.
#pragma once

#include <array>
#include <string_view>

namespace dts {

class ByteSet {
  public:
    constexpr explicit ByteSet(std::string_view bytes) {
        for (const char c : bytes) has_[static_cast<unsigned char>(c)] = true;
    }

    constexpr bool has(char c) const noexcept { return has_[static_cast<unsigned char>(c)]; }

    /// Where the first of them stands; npos: nowhere.
    constexpr std::size_t first_in(std::string_view text) const noexcept {
        for (std::size_t i = 0; i < text.size(); ++i)
            if (has(text[i])) return i;
        return std::string_view::npos;
    }

    /// Does the text hold nothing else?
    constexpr bool is_all_of(std::string_view text) const noexcept {
        for (const char c : text)
            if (!has(c)) return false;
        return true;
    }

  private:
    std::array<bool, 256> has_{};
};

}  // namespace dts
