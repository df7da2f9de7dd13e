// The one exception of dts. Its kind says what happens next: whether the task retries, and with
// which exit code the worker ends. Context (table, key, position) is added where a seam knows it.
#pragma once

#include <exception>
#include <source_location>
#include <string>
#include <string_view>

namespace dts {

enum class ErrorKind {
    transient,      ///< a retry may help: lost connection, deadlock, lock timeout
    unreachable,    ///< source or target still not there after all retries
    config,         ///< the task's settings are wrong
    data,           ///< a change can not be decoded or applied; a retry would meet it again
    gap,            ///< the source no longer holds what follows the checkpoint
    checkpoint,     ///< the checkpoint is unreadable, or of another source
    log_directory,  ///< the log directory is not writable or held; or the task is held by another
                    ///< worker
    durability,     ///< a position could not be made durable
    permission,     ///< an account lacks a right
    bug,            ///< a fault of dts itself
};

/// The name of a kind as it stands in messages and logs ("gap", "config", ...).
std::string_view name_of(ErrorKind kind) noexcept;

/// The worker's exit code for a kind: the table stands in README.md.
int exit_code_of(ErrorKind kind) noexcept;

/// Messages are lower case, name file, key, table or position, carry the server's own words, and
/// end with "HINT: ..." where the operator can act. Passwords never appear in them.
class Error : public std::exception {
  public:
    Error(ErrorKind kind, std::string text, std::string hint = {},
          std::source_location where = std::source_location::current());

    ErrorKind kind() const noexcept { return kind_; }
    const std::string& text() const noexcept { return text_; }
    const std::string& hint() const noexcept { return hint_; }
    const std::source_location& where() const noexcept { return where_; }

    /// "text, HINT: hint"; the text alone where there is no hint.
    const char* what() const noexcept override { return message_.c_str(); }

    /// The same error with "context: " in front of its text.
    Error in(std::string_view context) const;

    /// The same error as another kind: a transient one becomes unreachable when retries are used
    /// up.
    Error as(ErrorKind kind) const;

  private:
    ErrorKind kind_;
    std::string text_;
    std::string hint_;
    std::source_location where_;
    std::string message_;
};

}  // namespace dts
