#include "test/servers/mongo/value.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace standin {

namespace {

template <typename Number>
std::string bytes_of(Number number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

template <typename Number>
Number number_at(std::string_view bytes, std::size_t at = 0) {
    if (bytes.size() < at + sizeof(Number)) throw BadBson("BSON ends within a number");
    Number number;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

std::string text_bytes(std::string_view text) {
    std::string bytes = bytes_of(static_cast<std::int32_t>(text.size() + 1));
    bytes += text;
    bytes += '\0';
    return bytes;
}

std::size_t cstring_length(std::string_view bytes) {
    const auto end = bytes.find('\0');
    if (end == std::string_view::npos) throw BadBson("BSON ends within a name");
    return end + 1;
}

/// How long the value at the begin of `bytes` is.
std::size_t value_length(Type type, std::string_view bytes) {
    const auto prefixed = [&](std::size_t extra) {
        const auto length = number_at<std::int32_t>(bytes);
        if (length < 0) throw BadBson("a negative length in BSON");
        return static_cast<std::size_t>(length) + extra;
    };
    switch (type) {
        case Type::number:
        case Type::date:
        case Type::timestamp:
        case Type::int64:
            return 8;
        case Type::text:
        case Type::code:
        case Type::symbol:
            return prefixed(4);
        case Type::document:
        case Type::array:
        case Type::code_with_scope:
            return prefixed(0);
        case Type::binary:
            return prefixed(5);
        case Type::undefined:
        case Type::null:
        case Type::min_key:
        case Type::max_key:
            return 0;
        case Type::object_id:
            return 12;
        case Type::boolean:
            return 1;
        case Type::regex: {
            const auto pattern = cstring_length(bytes);
            return pattern + cstring_length(bytes.substr(pattern));
        }
        case Type::pointer:
            return prefixed(4 + 12);
        case Type::int32:
            return 4;
        case Type::decimal:
            return 16;
    }
    throw BadBson("a BSON type that is not known: " + std::to_string(static_cast<int>(type)));
}

}  // namespace

Value::Value(std::int32_t number) : type_(Type::int32), bytes_(bytes_of(number)) {}
Value::Value(std::int64_t number) : type_(Type::int64), bytes_(bytes_of(number)) {}
Value::Value(double number) : type_(Type::number), bytes_(bytes_of(number)) {}
Value::Value(bool yes) : type_(Type::boolean), bytes_(1, yes ? '\1' : '\0') {}
Value::Value(Timestamp time)
    : type_(Type::timestamp), bytes_(bytes_of(time.counter) + bytes_of(time.seconds)) {}
Value::Value(std::string_view text) : type_(Type::text), bytes_(text_bytes(text)) {}
Value::Value(std::initializer_list<Field> fields)
    : type_(Type::document), parsed_(std::make_shared<std::vector<Field>>(fields)) {}

Value Value::document(std::string bytes) {
    if (bytes.size() < 5 || number_at<std::uint32_t>(bytes) != bytes.size() || bytes.back() != 0) {
        throw BadBson("a document whose length is wrong");
    }
    return {Type::document, std::move(bytes)};
}

Value Value::document(std::vector<Field> fields) {
    Value value;
    value.type_ = Type::document;
    value.parsed_ = std::make_shared<std::vector<Field>>(std::move(fields));
    return value;
}

Value Value::array(std::vector<Value> elements) {
    Value value = document(std::vector<Field>());
    value.type_ = Type::array;
    for (auto& element : elements) value.push(std::move(element));
    return value;
}

Value Value::binary(std::uint8_t subtype, std::string_view bytes) {
    return {Type::binary, bytes_of(static_cast<std::int32_t>(bytes.size())) +
                              static_cast<char>(subtype) + std::string(bytes)};
}

Value Value::date(std::int64_t milliseconds) {
    return {Type::date, bytes_of(milliseconds)};
}

bool Value::is_number() const noexcept {
    return type_ == Type::number || type_ == Type::int32 || type_ == Type::int64 ||
           type_ == Type::decimal;
}

bool Value::truthy() const noexcept {
    if (type_ == Type::null || type_ == Type::undefined) return false;
    if (type_ == Type::boolean) return bytes_[0] != 0;
    return !is_number() || type_ == Type::decimal || real() != 0;
}

void Value::parse() const {
    if (!is_container()) throw BadBson("a value that is no document");
    auto fields = std::make_shared<std::vector<Field>>();
    std::string_view rest = std::string_view(bytes_).substr(4);
    while (rest.size() > 1) {
        const auto type = static_cast<Type>(rest[0]);
        rest.remove_prefix(1);
        const auto name_length = cstring_length(rest);
        std::string name(rest.substr(0, name_length - 1));
        rest.remove_prefix(name_length);
        const auto length = value_length(type, rest);
        if (length > rest.size()) throw BadBson("BSON ends within " + name);
        fields->push_back({std::move(name), Value(type, std::string(rest.substr(0, length)))});
        rest.remove_prefix(length);
    }
    parsed_ = std::move(fields);
}

const std::vector<Field>& Value::fields() const {
    if (!parsed_) parse();
    return *parsed_;
}

std::vector<Field>& Value::fields() {
    if (!parsed_) parse();
    if (parsed_.use_count() > 1) parsed_ = std::make_shared<std::vector<Field>>(*parsed_);
    bytes_.clear();
    return *parsed_;
}

const Value* Value::find(std::string_view name) const {
    if (!is_container()) return nullptr;
    for (const auto& field : fields()) {
        if (field.name == name) return &field.value;
    }
    return nullptr;
}

Value* Value::find(std::string_view name) {
    if (!is_container()) return nullptr;
    for (auto& field : fields()) {
        if (field.name == name) return &field.value;
    }
    return nullptr;
}

void Value::set(std::string_view name, Value value) {
    if (Value* found = find(name)) {
        *found = std::move(value);
    } else {
        append(name, std::move(value));
    }
}

void Value::append(std::string_view name, Value value) {
    fields().push_back({std::string(name), std::move(value)});
}

void Value::push(Value value) {
    auto& all = fields();
    all.push_back({std::to_string(all.size()), std::move(value)});
}

void Value::remove(std::string_view name) {
    std::erase_if(fields(), [&](const Field& field) { return field.name == name; });
}

std::vector<Value> Value::elements() const {
    std::vector<Value> all;
    if (!is_container()) return all;
    for (const auto& field : fields()) all.push_back(field.value);
    return all;
}

std::int64_t Value::integer(std::int64_t fallback) const {
    if (type_ == Type::int32) return number_at<std::int32_t>(bytes_);
    if (type_ == Type::int64 || type_ == Type::date) return number_at<std::int64_t>(bytes_);
    if (type_ == Type::number) {
        const double number = real();
        return std::abs(number) < 9e18 ? static_cast<std::int64_t>(number) : fallback;
    }
    return fallback;
}

double Value::real(double fallback) const {
    if (type_ == Type::number) return number_at<double>(bytes_);
    if (type_ == Type::int32 || type_ == Type::int64) return static_cast<double>(integer());
    return fallback;
}

std::string Value::text(std::string_view fallback) const {
    if (type_ != Type::text && type_ != Type::symbol && type_ != Type::code) {
        return std::string(fallback);
    }
    return bytes_.substr(4, bytes_.size() - 5);
}

Timestamp Value::time() const {
    if (type_ != Type::timestamp) return {};
    return {number_at<std::uint32_t>(bytes_, 4), number_at<std::uint32_t>(bytes_)};
}

const std::string& Value::bytes() const {
    if (!is_container() || !bytes_.empty()) return bytes_;
    std::string encoded(4, '\0');
    std::size_t index = 0;
    for (const auto& field : *parsed_) {
        encoded += static_cast<char>(field.value.type());
        // The places of an array are counted anew: elements may have come and gone.
        encoded += is_array() ? std::to_string(index++) : field.name;
        encoded += '\0';
        encoded += field.value.bytes();
    }
    encoded += '\0';
    const auto length = static_cast<std::uint32_t>(encoded.size());
    std::memcpy(encoded.data(), &length, sizeof length);
    bytes_ = std::move(encoded);
    return bytes_;
}

std::int64_t Value::integer_of(std::string_view name, std::int64_t fallback) const {
    const Value* found = find(name);
    return found == nullptr ? fallback : found->integer(fallback);
}

std::string Value::text_of(std::string_view name, std::string_view fallback) const {
    const Value* found = find(name);
    return found == nullptr ? std::string(fallback) : found->text(fallback);
}

bool Value::truthy_of(std::string_view name) const {
    const Value* found = find(name);
    return found != nullptr && found->truthy();
}

}  // namespace standin
