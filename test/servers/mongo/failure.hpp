// What a command fails with: MongoDB's number, its name and a text; see the manual's page "Error
// Codes". Labels tell drivers what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace standin {

struct Failure : std::runtime_error {
    Failure(int code_, std::string name_, const std::string& text,
            std::vector<std::string> labels_ = {})
        : std::runtime_error(text),
          code(code_),
          name(std::move(name_)),
          labels(std::move(labels_)) {}
    int code;
    std::string name;
    std::vector<std::string> labels;
};

/// The name that goes with a code; "Location<code>" for one that has none.
std::string failure_name(int code);
/// A failure whose name is that of the code.
Failure failure(int code, const std::string& text, std::vector<std::string> labels = {});

namespace code {
inline constexpr int bad_value = 2;
inline constexpr int failed_to_parse = 9;
inline constexpr int authentication_failed = 18;
inline constexpr int namespace_not_found = 26;
inline constexpr int index_not_found = 27;
inline constexpr int cursor_not_found = 43;
inline constexpr int namespace_exists = 48;
inline constexpr int command_not_found = 59;
inline constexpr int immutable_field = 66;
inline constexpr int invalid_namespace = 73;
inline constexpr int write_conflict = 112;
inline constexpr int conflicting_operation = 117;
inline constexpr int capped_position_lost = 136;
inline constexpr int primary_stepped_down = 189;
inline constexpr int transaction_too_old = 225;
inline constexpr int no_such_transaction = 251;
inline constexpr int transaction_committed = 256;
inline constexpr int invalid_resume_token = 260;
inline constexpr int operation_not_supported_in_transaction = 263;
inline constexpr int change_stream_fatal = 280;
inline constexpr int change_stream_history_lost = 286;
inline constexpr int not_writable_primary = 10107;
inline constexpr int object_too_large = 10334;
inline constexpr int duplicate_key = 11000;
inline constexpr int not_primary_no_secondary_ok = 13435;
}  // namespace code

}  // namespace standin
