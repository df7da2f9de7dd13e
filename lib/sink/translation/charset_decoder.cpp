#include "lib/sink/translation/charset_decoder.hpp"

#include <algorithm>
#include <cerrno>

#include "lib/base/error.hpp"

namespace dts {

namespace {

struct KnownCharset {
    std::string_view mysql;
    const char* iconv;
};

/// Those of which iconv is known to read each byte as MySQL does. Not sjis, whose 0x5C is a yen
/// sign there and a backslash in MySQL, nor other East Asian ones before they are compared.
constexpr KnownCharset known_charsets[] = {
    {"latin1", "CP1252"},  {"latin2", "ISO-8859-2"}, {"latin5", "ISO-8859-9"},
    {"cp1250", "CP1250"},  {"cp1251", "CP1251"},     {"cp850", "CP850"},
    {"cp852", "CP852"},    {"cp866", "CP866"},       {"koi8r", "KOI8-R"},
    {"ucs2", "UTF-16BE"},  {"utf16", "UTF-16BE"},    {"utf16le", "UTF-16LE"},
    {"utf32", "UTF-32BE"},
};

/// The five places of cp1252 that hold no character, which MySQL reads as control characters.
constexpr std::string_view undefined_in_cp1252 = "\x81\x8D\x8F\x90\x9D";

}  // namespace

bool CharsetDecoder::is_utf8(std::string_view charset) noexcept {
    return charset.empty() || charset.starts_with("utf8") || charset == "ascii";
}

std::shared_ptr<const CharsetDecoder> CharsetDecoder::find(std::string_view charset) {
    const auto known =
        std::find_if(std::begin(known_charsets), std::end(known_charsets),
                     [&](const KnownCharset& entry) { return entry.mysql == charset; });
    if (known == std::end(known_charsets)) return nullptr;
    const iconv_t handle = ::iconv_open("UTF-8", known->iconv);
    // iconv_open's own way to say that it has none.
    if (reinterpret_cast<std::intptr_t>(handle) == -1) return nullptr;
    return std::make_shared<const CharsetDecoder>(handle, charset == "latin1");
}

CharsetDecoder::~CharsetDecoder() {
    ::iconv_close(handle_);
}

std::string CharsetDecoder::decode(std::string_view text) const {
    return is_latin1_ ? decode_latin1(text) : decode_by_iconv(text);
}

std::string CharsetDecoder::decode_latin1(std::string_view text) const {
    std::string result;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(undefined_in_cp1252), text.size());
        result += decode_by_iconv(text.substr(0, end));
        if (end == text.size()) break;
        result += '\xC2';
        result += text[end];
        text.remove_prefix(end + 1);
    }
    return result;
}

std::string CharsetDecoder::decode_by_iconv(std::string_view text) const {
    std::string result(text.size() * 2 + 16, '\0');
    char* in = const_cast<char*>(text.data());  // iconv reads it only
    std::size_t in_left = text.size();
    std::size_t done = 0;
    ::iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    while (in_left > 0) {
        char* out = result.data() + done;
        std::size_t out_left = result.size() - done;
        const auto converted = ::iconv(handle_, &in, &in_left, &out, &out_left);
        done = result.size() - out_left;
        if (converted != static_cast<std::size_t>(-1)) break;
        if (errno != E2BIG)
            throw Error(ErrorKind::data, "its bytes are no text in that character set");
        result.resize(result.size() * 2);
    }
    result.resize(done);
    return result;
}

}  // namespace dts
