// When two `_id`s are one and the same to MongoDB: numbers compare by value whatever their type, in
// nested documents too. The key made here is itself a BSON value that the server takes for the
// original, so it may stand in a query.
#pragma once

#include <string>
#include <string_view>

#include "lib/client/bson_bytes.hpp"

namespace dts {

/// Appends the key of an `_id`: a byte for its type, then its value; equal bytes for what the
/// server calls equal, but for texts that only a collation calls equal. Integral numbers are int64,
/// others double, and decimal where no double is equal.
void append_document_key(std::string& key, const BsonElement& id);

/// The key as the element it stands for, without a name.
BsonElement element_of_key(std::string_view key);

}  // namespace dts
