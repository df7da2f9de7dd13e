#include "lib/source/mongo/resume_token.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "lib/base/error.hpp"
#include "lib/client/bson_handle.hpp"

namespace dts {

namespace {

struct FreeText {
    void operator()(char* text) const noexcept { bson_free(text); }
};

/// Tokens are hex digits: nothing that JSON would have to escape.
bool is_plain(std::string_view text) {
    return text.find_first_of("\"\\") == std::string_view::npos &&
           text.find_first_of(std::string_view("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16)) ==
               std::string_view::npos;
}

std::string plain_json(std::string_view token) {
    std::string json = "{";
    BsonReader reader(token);
    while (const auto field = reader.next()) {
        if (field->type != BsonType::text || !is_plain(field->name) || !is_plain(field->as_text()))
            return {};
        json += fmt::format("{}\"{}\":\"{}\"", json.size() > 1 ? "," : "", field->name,
                            field->as_text());
    }
    return json + "}";
}

}  // namespace

std::string token_json(std::string_view token) {
    if (auto json = plain_json(token); !json.empty()) return json;
    const bson_t document = borrowed_bson(token);
    const std::unique_ptr<char, FreeText> json(bson_as_canonical_extended_json(&document, nullptr));
    if (!json) throw Error(ErrorKind::data, "a resume token that has no JSON form");
    return json.get();
}

std::string token_of_json(const std::string& json) {
    bson_error_t error;
    const BsonHandle document(bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()),
                                                 static_cast<ssize_t>(json.size()), &error));
    if (!document || !bson_has_field(document.get(), "_data"))
        throw Error(ErrorKind::checkpoint, fmt::format("{} is not a resume token", json),
                    "a token is {\"_data\":\"8267...\"}, as position.log shows it");
    return std::string(bytes_of(document.get()));
}

std::optional<BsonTimestamp> time_of_token(std::string_view token) {
    const auto data = find_element(token, "_data");
    constexpr std::size_t digits = 18;
    if (!data || data->type != BsonType::text) return std::nullopt;
    const auto text = data->as_text();
    if (text.size() < digits || !text.starts_with("82")) return std::nullopt;
    std::uint64_t packed = 0;
    const char* const end = text.data() + digits;
    const auto [stop, fault] = std::from_chars(text.data() + 2, end, packed, 16);
    if (fault != std::errc() || stop != end) return std::nullopt;
    return BsonTimestamp{static_cast<std::uint32_t>(packed >> 32),
                         static_cast<std::uint32_t>(packed)};
}

}  // namespace dts
