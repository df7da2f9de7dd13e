// The server's refusals to send its binlog, as errors that say what to do: most of them share one
// number (1236) and differ in their text only.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/byte_reader.hpp"
#include "lib/base/error.hpp"

namespace dts {

/// `wanted` names what was asked for ("binlog.000007:4711", or the GTID set).
Error dump_error(unsigned number, std::string_view server_text, std::string_view wanted,
                 std::uint32_t server_id);

/// The same from the packet that refuses, behind its first byte.
Error dump_error(Bytes packet, std::string_view wanted, std::uint32_t server_id);

/// What an operator can do about a gap.
extern const std::string gap_hint;

}  // namespace dts
