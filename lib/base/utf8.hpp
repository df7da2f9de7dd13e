// Texts from outside (server messages, names, paths) made fit for places that take UTF-8 alone.
#pragma once

#include <string>
#include <string_view>

namespace dts {

/// The text with each byte that belongs to no UTF-8 character replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// The text on one line: control characters become spaces; at most `most_bytes` long, cut between
/// two characters and ended with "…" where it was longer. Valid UTF-8.
std::string one_line(std::string_view text, std::size_t most_bytes);

}  // namespace dts
