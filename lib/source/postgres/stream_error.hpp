// What a refusal or an end of the replication stream means for the task: a gap, a setting, or
// something that passes.
#pragma once

#include <string_view>

#include "lib/source/postgres/copy_both.hpp"

namespace dts {

Error stream_error(const CopyRefusal& refusal, std::string_view slot, std::string_view publication);

/// The server's own fault, class XX ("Internal Error"; PostgreSQL documentation, "PostgreSQL Error
/// Codes"): it may be one of decoding a transaction in progress, which the next try would meet
/// again.
constexpr bool is_server_fault(std::string_view sqlstate) noexcept {
    return sqlstate.starts_with("XX");
}

/// The same by SQLSTATE and the server's words: what kind of error it is, and what can be done.
struct StreamVerdict {
    ErrorKind kind;
    std::string hint;
};
StreamVerdict judge_stream_error(std::string_view sqlstate, std::string_view message,
                                 std::string_view slot, std::string_view publication);

}  // namespace dts
