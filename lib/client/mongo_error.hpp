// What a MongoDB server or its client library refused, with the number that decides what happens
// next.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/error.hpp"

namespace dts {

/// The server's numbers (src/mongo/base/error_codes.yml of the server) that something depends on.
namespace mongo_code {
constexpr int unauthorized = 13;
constexpr int authentication_failed = 18;
constexpr int namespace_not_found = 26;
constexpr int cursor_not_found = 43;
constexpr int namespace_exists = 48;
constexpr int capped_position_lost = 136;
constexpr int no_such_transaction = 251;
constexpr int change_stream_fatal = 280;
constexpr int invalid_resume_token = 260;
constexpr int history_lost = 286;
constexpr int too_large = 10334;
constexpr int duplicate_key = 11000;
}  // namespace mongo_code

class MongoError final : public Error {
  public:
    /// `code`: the server's, 0 where the client library failed by itself.
    MongoError(ErrorKind kind, std::string text, int code, bool voids_transaction,
               bool commit_unknown, std::string hint = {})
        : Error(kind, std::move(text), std::move(hint)),
          code_(code),
          voids_transaction_(voids_transaction),
          commit_unknown_(commit_unknown) {}

    int code() const noexcept { return code_; }
    /// Label TransientTransactionError: nothing of the transaction is left, it may be tried again.
    bool voids_transaction() const noexcept { return voids_transaction_; }
    /// Label UnknownTransactionCommitResult: it may have been committed.
    bool commit_unknown() const noexcept { return commit_unknown_; }

  private:
    int code_;
    bool voids_transaction_;
    bool commit_unknown_;
};

/// What a retry may help against, what the account may not, and what is left: data.
ErrorKind mongo_error_kind(int server_code) noexcept;

/// Does the library say that the server's certificate stands against it? A retry would meet it
/// again.
bool is_certificate_refusal(std::string_view words) noexcept;

/// What the operator can do; empty where that is not known.
std::string mongo_error_hint(ErrorKind kind, int server_code, std::string_view words);

}  // namespace dts
