#include "lib/client/document_key.hpp"

#include <bson/bson.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr double two_to_63 = 9223372036854775808.0;

/// Digits without zeros at either end, and the power of ten of the last one.
struct Digits {
    std::string digits;
    long exponent = 0;
    bool negative = false;
    bool operator==(const Digits&) const = default;
};

/// "-123.45", "1.5E+7": what both decimal128 and printf write.
Digits digits_of(std::string_view text) {
    Digits result;
    bool behind_point = false;
    std::size_t i = 0;
    for (; i < text.size() && text[i] != 'E' && text[i] != 'e'; ++i) {
        if (text[i] == '-') result.negative = true;
        if (text[i] == '.') behind_point = true;
        if (text[i] < '0' || text[i] > '9') continue;
        if (!result.digits.empty() || text[i] != '0') result.digits += text[i];
        if (behind_point) --result.exponent;
    }
    if (i < text.size()) result.exponent += std::strtol(text.data() + i + 1, nullptr, 10);
    while (result.digits.ends_with('0')) {
        result.digits.pop_back();
        ++result.exponent;
    }
    if (result.digits.empty()) return {};
    return result;
}

template <typename T>
T read(std::string_view value) {
    T number;
    std::memcpy(&number, value.data(), sizeof number);
    return number;
}

struct KeyValue {
    BsonType type;
    std::string bytes;
};

template <typename T>
KeyValue number_key(BsonType type, T number) {
    return {type, std::string(reinterpret_cast<const char*>(&number), sizeof number)};
}

KeyValue double_key(double number) {
    if (std::isnan(number))
        return number_key(BsonType::float64, std::numeric_limits<double>::quiet_NaN());
    if (std::trunc(number) == number && number >= -two_to_63 && number < two_to_63)
        return number_key(BsonType::int64, static_cast<std::int64_t>(number));
    return number_key(BsonType::float64, number);
}

KeyValue decimal_key(std::string_view value) {
    bson_decimal128_t decimal;
    decimal.low = read<std::uint64_t>(value);
    decimal.high = read<std::uint64_t>(value.substr(8));
    char text[BSON_DECIMAL128_STRING];
    bson_decimal128_to_string(&decimal, text);
    const std::string_view printed = text;
    if (printed == "NaN") return double_key(std::numeric_limits<double>::quiet_NaN());
    if (printed == "Infinity") return double_key(std::numeric_limits<double>::infinity());
    if (printed == "-Infinity") return double_key(-std::numeric_limits<double>::infinity());

    const Digits exact = digits_of(printed);
    if (exact.digits.empty()) return number_key(BsonType::int64, std::int64_t{0});
    constexpr long int64_digits = 19;
    const auto length = static_cast<long>(exact.digits.size());
    if (exact.exponent >= 0 && length + exact.exponent <= int64_digits) {
        const std::string whole = (exact.negative ? "-" : "") + exact.digits +
                                  std::string(static_cast<std::size_t>(exact.exponent), '0');
        errno = 0;
        const long long number = std::strtoll(whole.c_str(), nullptr, 10);
        if (errno == 0) return number_key(BsonType::int64, static_cast<std::int64_t>(number));
    }
    const double nearest = std::strtod(text, nullptr);
    // A decimal has 34 digits: a double that needs more is not equal to one.
    if (std::isfinite(nearest) && nearest != 0 &&
        digits_of(fmt::format("{:.1100e}", nearest)) == exact)
        return double_key(nearest);
    // Equal decimals may be written with more or fewer zeros: one form for all.
    const std::string normal =
        fmt::format("{}{}E{}", exact.negative ? "-" : "", exact.digits, exact.exponent);
    bson_decimal128_t same = decimal;
    if (!bson_decimal128_from_string(normal.c_str(), &same)) same = decimal;
    const std::uint64_t halves[2] = {same.low, same.high};
    return {BsonType::decimal128,
            std::string(reinterpret_cast<const char*>(halves), sizeof halves)};
}

KeyValue key_value(const BsonElement& id);

std::string nested_key(std::string_view document) {
    BsonReader reader(document);
    BsonWriter writer;
    while (const auto element = reader.next()) {
        const KeyValue key = key_value(*element);
        writer.element(element->name, key.type, key.bytes);
    }
    return writer.take();
}

KeyValue key_value(const BsonElement& id) {
    switch (id.type) {
        case BsonType::int32:
            return number_key(BsonType::int64, std::int64_t{read<std::int32_t>(id.value)});
        case BsonType::float64:
            return double_key(read<double>(id.value));
        case BsonType::decimal128:
            return decimal_key(id.value);
        case BsonType::symbol:
            return {BsonType::text, std::string(id.value)};
        case BsonType::document:
        case BsonType::array:
            return {id.type, nested_key(id.value)};
        default:
            return {id.type, std::string(id.value)};
    }
}

}  // namespace

void append_document_key(std::string& key, const BsonElement& id) {
    if (id.type == BsonType::object_id || id.type == BsonType::text) {
        key += static_cast<char>(id.type);
        key += id.value;
        return;
    }
    const KeyValue value = key_value(id);
    key += static_cast<char>(value.type);
    key += value.bytes;
}

BsonElement element_of_key(std::string_view key) {
    if (key.empty()) throw Error(ErrorKind::bug, "a document's key is empty");
    return {static_cast<BsonType>(key.front()), "", key.substr(1)};
}

}  // namespace dts
