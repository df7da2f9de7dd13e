// Text in a character set of MySQL's as UTF-8, by iconv(3). One thread at a time.
#pragma once

#include <iconv.h>
#include <memory>
#include <string>
#include <string_view>

namespace dts {

class CharsetDecoder {
  public:
    /// Does text in this character set need no decoding? `charset` as MySQL names it; empty: none.
    static bool is_utf8(std::string_view charset) noexcept;

    /// Nothing where the character set is not known to us.
    static std::shared_ptr<const CharsetDecoder> find(std::string_view charset);

    /// Throws Error{data} for bytes that are no text in it.
    std::string decode(std::string_view text) const;

    CharsetDecoder(iconv_t handle, bool is_latin1) noexcept
        : handle_(handle), is_latin1_(is_latin1) {}
    CharsetDecoder(const CharsetDecoder&) = delete;
    CharsetDecoder& operator=(const CharsetDecoder&) = delete;
    ~CharsetDecoder();

  private:
    std::string decode_latin1(std::string_view text) const;
    std::string decode_by_iconv(std::string_view text) const;

    iconv_t handle_;
    bool is_latin1_;
};

}  // namespace dts
