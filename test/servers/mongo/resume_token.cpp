#include "test/servers/mongo/resume_token.hpp"

#include <cstdio>
#include <tuple>

#include "test/servers/mongo/failure.hpp"

namespace standin {

// 82, seconds, counter, kind of place (00 a time, 80 an event), operation, invalidate (01),
// fragment.
constexpr const char* form = "82%08X%08X%02X%08X%02X%04X";
constexpr std::size_t length = 2 + 8 + 8 + 2 + 8 + 2 + 4;

Value ResumeToken::value() const {
    char text[length + 1];
    const bool is_event = kind != Kind::time;
    std::snprintf(text, sizeof text, form, time.seconds, time.counter, is_event ? 0x80U : 0U,
                  operation, kind == Kind::invalidate ? 1U : 0U, fragment);
    return Value{{"_data", std::string_view(text)}};
}

ResumeToken ResumeToken::parse(const Value& token) {
    const auto text = token.text_of("_data");
    ResumeToken parsed;
    unsigned kind = 0, invalidate = 0;
    if (text.size() != length ||
        std::sscanf(text.c_str(), "82%8X%8X%2X%8X%2X%4X", &parsed.time.seconds,
                    &parsed.time.counter, &kind, &parsed.operation, &invalidate,
                    &parsed.fragment) != 6) {
        throw failure(40647, "Bad resume token: _data of missing or of wrong type " + text);
    }
    if (kind != 0) parsed.kind = invalidate != 0 ? Kind::invalidate : Kind::event;
    return parsed;
}

std::strong_ordering ResumeToken::operator<=>(const ResumeToken& other) const {
    const auto parts = [](const ResumeToken& token) {
        return std::tuple(token.time, token.kind != Kind::time, token.operation,
                          token.kind == Kind::invalidate, token.fragment);
    };
    return parts(*this) <=> parts(other);
}

}  // namespace standin
