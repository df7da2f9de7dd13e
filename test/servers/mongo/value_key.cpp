#include "test/servers/mongo/value_key.hpp"

#include <bson/bson.h>

#include <cmath>
#include <cstring>

namespace standin {

namespace {

/// The place of a type in the order.
unsigned char rank_of(Type type) {
    switch (type) {
        case Type::min_key:
            return 1;
        case Type::undefined:
            return 3;
        case Type::null:
            return 5;
        case Type::number:
        case Type::int32:
        case Type::int64:
        case Type::decimal:
            return 10;
        case Type::text:
        case Type::symbol:
            return 15;
        case Type::document:
            return 20;
        case Type::array:
            return 25;
        case Type::binary:
            return 30;
        case Type::object_id:
            return 35;
        case Type::boolean:
            return 40;
        case Type::date:
            return 45;
        case Type::timestamp:
            return 47;
        case Type::regex:
            return 50;
        case Type::pointer:
            return 55;
        case Type::code:
            return 60;
        case Type::code_with_scope:
            return 65;
        case Type::max_key:
            return 127;
    }
    return 126;
}

void append_big_endian(std::string& key, std::uint64_t number, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        key += static_cast<char>((number >> shift) & 0xFF);
    }
}

/// Text that may hold zeros, with an end that sorts before everything.
void append_text(std::string& key, std::string_view text) {
    for (const char character : text) {
        key += character;
        if (character == '\0') key += '\xFF';
    }
    key += '\0';
    key += '\1';
}

long double number_of(const Value& value) {
    if (value.type() == Type::decimal) {
        bson_decimal128_t decimal;
        std::memcpy(&decimal, value.bytes().data(), sizeof decimal);
        char text[BSON_DECIMAL128_STRING];
        bson_decimal128_to_string(&decimal, text);
        return std::strtold(text, nullptr);
    }
    if (value.type() == Type::number) return static_cast<long double>(value.real());
    return static_cast<long double>(value.integer());
}

// long double of x86-64 has 64 bits of mantissa: it holds every int64 and every double exactly.
void append_number(std::string& key, long double number) {
    if (std::isnan(number)) {
        key += '\0';
        return;
    }
    if (number == 0) {
        key += '\2';
        return;
    }
    const bool negative = number < 0;
    int exponent = 0;
    std::uint64_t mantissa = ~std::uint64_t{0};
    if (std::isinf(number)) {
        exponent = 20000;
    } else {
        const long double fraction = std::frexp(std::fabs(number), &exponent);
        mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 64));
    }
    std::string magnitude;
    append_big_endian(magnitude, static_cast<std::uint64_t>(exponent + 40000), 4);
    append_big_endian(magnitude, mantissa, 8);
    if (negative) {
        for (auto& character : magnitude) character = static_cast<char>(~character);
    }
    key += negative ? '\1' : '\3';
    key += magnitude;
}

void append_key(std::string& key, const Value& value) {
    key += static_cast<char>(rank_of(value.type()));
    const std::string& bytes = value.bytes();
    switch (value.type()) {
        case Type::number:
        case Type::int32:
        case Type::int64:
        case Type::decimal:
            return append_number(key, number_of(value));
        case Type::text:
        case Type::symbol:
            return append_text(key, value.text());
        case Type::document:
            for (const auto& field : value.fields()) {
                key += static_cast<char>(rank_of(field.value.type()));
                append_text(key, field.name);
                append_key(key, field.value);
            }
            key += '\0';
            return;
        case Type::array:
            for (const auto& field : value.fields()) append_key(key, field.value);
            key += '\0';
            return;
        case Type::date:
            return append_big_endian(
                key, static_cast<std::uint64_t>(value.integer()) ^ (std::uint64_t{1} << 63), 8);
        case Type::timestamp:
            append_big_endian(key, value.time().seconds, 4);
            append_big_endian(key, value.time().counter, 4);
            return;
        case Type::binary:
            append_big_endian(key, bytes.size() - 5, 4);
            break;
        default:
            break;
    }
    // Lengths are in these bytes, or they have one length, or end with a zero of their own.
    append_text(key, value.type() == Type::binary ? std::string_view(bytes).substr(4)
                                                  : std::string_view(bytes));
}

}  // namespace

std::string key_of(const Value& value) {
    std::string key;
    append_key(key, value);
    return key;
}

bool comparable(const Value& left, const Value& right) {
    return rank_of(left.type()) == rank_of(right.type());
}

}  // namespace standin
