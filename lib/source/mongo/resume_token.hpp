// The tokens of change streams, between the BSON of the server and the JSON of position records:
// {"_data":"8267..."}. To us a token is opaque but for the time in front of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/client/bson_bytes.hpp"

namespace dts {

/// Without blanks where the token holds texts alone, as all do since MongoDB 4.2; else canonical
/// Extended JSON.
std::string token_json(std::string_view token);

/// The inverse. Throws Error{checkpoint} when it is no token.
std::string token_of_json(const std::string& json);

/// The cluster time that the token's key string begins with (its form: the server's
/// key_string.cpp, a timestamp is 0x82 and eight bytes). Nothing where it has another form.
std::optional<BsonTimestamp> time_of_token(std::string_view token);

}  // namespace dts
