#include "lib/client/bson_bytes.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr std::size_t head_bytes = 4;
constexpr unsigned deepest = 200;  // the server takes 180 levels

[[noreturn]] void broken(std::string_view what) {
    throw Error(ErrorKind::data, fmt::format("bytes that are no BSON document: {}", what));
}

template <typename T>
T scalar(std::string_view bytes) {
    T value;
    if (bytes.size() < sizeof value) broken("a value is cut off");
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

std::size_t length_prefix(std::string_view bytes, std::size_t least) {
    const auto length = scalar<std::int32_t>(bytes);
    if (length < 0 || static_cast<std::size_t>(length) < least) broken("a length is too small");
    return static_cast<std::size_t>(length);
}

std::size_t cstring_bytes(std::string_view bytes) {
    const auto end = bytes.find('\0');
    if (end == std::string_view::npos) broken("a name has no end");
    return end + 1;
}

std::size_t text_bytes(std::string_view bytes) {
    return head_bytes + length_prefix(bytes, 1);
}

/// How many bytes the value at the front takes.
std::size_t value_bytes(BsonType type, std::string_view bytes) {
    switch (type) {
        case BsonType::undefined:
        case BsonType::null:
        case BsonType::min_key:
        case BsonType::max_key:
            return 0;
        case BsonType::boolean:
            return 1;
        case BsonType::int32:
            return 4;
        case BsonType::float64:
        case BsonType::date:
        case BsonType::timestamp:
        case BsonType::int64:
            return 8;
        case BsonType::object_id:
            return 12;
        case BsonType::decimal128:
            return 16;
        case BsonType::text:
        case BsonType::code:
        case BsonType::symbol:
            return text_bytes(bytes);
        case BsonType::document:
        case BsonType::array:
        case BsonType::scoped_code:
            return length_prefix(bytes, head_bytes + 1);
        case BsonType::binary:
            return head_bytes + 1 + length_prefix(bytes, 0);
        case BsonType::db_pointer:
            return text_bytes(bytes) + 12;
        case BsonType::regex: {
            const std::size_t pattern = cstring_bytes(bytes);
            return pattern + cstring_bytes(bytes.substr(pattern));
        }
    }
    broken(fmt::format("an element of the unknown type {}", static_cast<unsigned>(type)));
}

[[noreturn]] void wrong_type(const BsonElement& element, std::string_view wanted) {
    throw Error(ErrorKind::data,
                fmt::format("the field \"{}\" is of BSON type {}, not {}", element.name,
                            static_cast<unsigned>(element.type), wanted));
}

void check_nested(std::string_view document, unsigned depth) {
    if (depth > deepest) broken("it is nested too deeply");
    BsonReader reader(document);
    while (const auto element = reader.next()) {
        if (element->is_document() || element->is_array()) check_nested(element->value, depth + 1);
    }
}

}  // namespace

std::string_view BsonElement::as_text() const {
    if (type != BsonType::text) wrong_type(*this, "text");
    return value.substr(head_bytes, value.size() - head_bytes - 1);
}

std::string_view BsonElement::as_document() const {
    if (!is_document() && !is_array()) wrong_type(*this, "a document");
    return value;
}

BsonTimestamp BsonElement::as_timestamp() const {
    if (type != BsonType::timestamp) wrong_type(*this, "a timestamp");
    const auto packed = scalar<std::uint64_t>(value);
    return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
}

std::int64_t BsonElement::as_integer() const {
    if (type == BsonType::int32) return scalar<std::int32_t>(value);
    if (type == BsonType::int64 || type == BsonType::date) return scalar<std::int64_t>(value);
    if (type == BsonType::float64) {
        const auto number = scalar<double>(value);
        if (std::trunc(number) == number && std::abs(number) < 9e18)
            return static_cast<std::int64_t>(number);
    }
    wrong_type(*this, "a whole number");
}

bool BsonElement::is_true() const noexcept {
    switch (type) {
        case BsonType::boolean:
            return value[0] != 0;
        case BsonType::int32:
        case BsonType::int64:
        case BsonType::float64:
            return value.find_first_not_of('\0') != std::string_view::npos;
        default:
            return false;
    }
}

BsonReader::BsonReader(std::string_view document) {
    if (document.size() < head_bytes + 1 || length_prefix(document, 5) != document.size() ||
        document.back() != '\0')
        broken("its length does not fit");
    rest_ = document.substr(head_bytes, document.size() - head_bytes - 1);
}

std::optional<BsonElement> BsonReader::next() {
    if (rest_.empty()) return std::nullopt;
    BsonElement element;
    element.type = static_cast<BsonType>(rest_.front());
    const std::size_t name = cstring_bytes(rest_.substr(1));
    element.name = rest_.substr(1, name - 1);
    rest_.remove_prefix(1 + name);
    const std::size_t length = value_bytes(element.type, rest_);
    if (length > rest_.size()) broken("a value is cut off");
    element.value = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return element;
}

std::optional<BsonElement> find_element(std::string_view document, std::string_view name) {
    BsonReader reader(document);
    while (auto element = reader.next()) {
        if (element->name == name) return element;
    }
    return std::nullopt;
}

void check_document(std::string_view document) {
    check_nested(document, 0);
}

void BsonWriter::head(BsonType type, std::string_view name) {
    bytes_ += static_cast<char>(type);
    bytes_ += name;
    bytes_ += '\0';
}

BsonWriter& BsonWriter::element(std::string_view name, const BsonElement& value) {
    return element(name, value.type, value.value);
}

BsonWriter& BsonWriter::element(std::string_view name, BsonType type, std::string_view value) {
    head(type, name);
    bytes_ += value;
    return *this;
}

BsonWriter& BsonWriter::text(std::string_view name, std::string_view value) {
    head(BsonType::text, name);
    const auto length = static_cast<std::int32_t>(value.size() + 1);
    bytes_.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes_ += value;
    bytes_ += '\0';
    return *this;
}

BsonWriter& BsonWriter::int32(std::string_view name, std::int32_t value) {
    return element(name, BsonType::int32, {reinterpret_cast<const char*>(&value), sizeof value});
}

BsonWriter& BsonWriter::int64(std::string_view name, std::int64_t value) {
    return element(name, BsonType::int64, {reinterpret_cast<const char*>(&value), sizeof value});
}

BsonWriter& BsonWriter::boolean(std::string_view name, bool value) {
    return element(name, BsonType::boolean, {value ? "\1" : "\0", 1});
}

BsonWriter& BsonWriter::timestamp(std::string_view name, BsonTimestamp value) {
    const std::uint64_t packed = std::uint64_t{value.seconds} << 32 | value.increment;
    return element(name, BsonType::timestamp,
                   {reinterpret_cast<const char*>(&packed), sizeof packed});
}

BsonWriter& BsonWriter::date_ms(std::string_view name, std::int64_t ms_since_epoch) {
    return element(name, BsonType::date,
                   {reinterpret_cast<const char*>(&ms_since_epoch), sizeof ms_since_epoch});
}

BsonWriter& BsonWriter::null(std::string_view name) {
    return element(name, BsonType::null, {});
}

BsonWriter& BsonWriter::document(std::string_view name, std::string_view bytes) {
    return element(name, BsonType::document, bytes);
}

BsonWriter& BsonWriter::array(std::string_view name, std::string_view bytes) {
    return element(name, BsonType::array, bytes);
}

std::size_t BsonWriter::open(std::string_view name, BsonType type) {
    head(type, name);
    bytes_.append(head_bytes, '\0');
    return bytes_.size() - head_bytes;
}

void BsonWriter::close(std::size_t begin) {
    bytes_ += '\0';
    const auto length = static_cast<std::int32_t>(bytes_.size() - begin);
    std::memcpy(bytes_.data() + begin, &length, sizeof length);
}

std::string BsonWriter::take() {
    close(0);
    std::string document = std::move(bytes_);
    open_outermost();
    return document;
}

}  // namespace dts
