// One value against one key of the table: is it of the key's type, and within its range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/key_table.hpp"

namespace dts {

/// Nothing when the key takes the value, else what is wrong with it. Never shows a secret.
std::optional<std::string> fault_of(const Key& key, std::string_view value);

/// Does the value mean the key's default? "0" and "00" are one number, TRUE and true one flag.
bool means_default(const Key& key, std::string_view value);

/// Whole numbers without a sign.
std::optional<std::int64_t> parse_number(std::string_view value);
/// true, false; in any case of letters.
std::optional<bool> parse_flag(std::string_view value);
/// The place of the value among the choices; in any case of letters, with - or _.
std::optional<std::size_t> find_choice(std::string_view choices, std::string_view value);
/// "a, b, c" as its parts.
std::vector<std::string_view> split_choices(std::string_view choices);

}  // namespace dts
