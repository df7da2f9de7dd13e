// Both directions of a replication connection: the messages of START_REPLICATION's COPY BOTH, and
// what is said to the server meanwhile. Format: PostgreSQL documentation, "Message Flow" and
// "Message Formats".
//
// On a plain socket the messages are read here, past libpq (whose buffers are empty when a command
// has been answered): a large read brings many of them, and none is copied. With TLS libpq
// decrypts, and makes a copy of each.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lib/base/byte_reader.hpp"
#include "lib/client/postgres_client.hpp"

namespace dts {

/// What the server says in place of messages: why it does not begin, or ends.
struct CopyRefusal {
    std::string sqlstate;  ///< empty: no server said it, or it simply ended
    std::string message;   ///< the server's own words
    std::string text;      ///< the same with place and code, for an Error
    std::string hint;
};

class CopyBoth {
  public:
    /// The one that fits the connection, which must outlive it and have nothing under way.
    static std::unique_ptr<CopyBoth> make(PostgresConnection& connection);
    virtual ~CopyBoth() = default;

    /// Sends the command, waits for the answer; nothing when the copy has begun. After a refusal
    /// the connection takes other commands again.
    virtual std::optional<CopyRefusal> start(const std::string& command) = 0;

    /// The payload of the next message that was read; nothing where there is none yet. Valid until
    /// the next call. With `ended` set: the stream is over.
    struct Next {
        std::optional<Bytes> message;
        std::optional<CopyRefusal> ended;
    };
    virtual Next next() = 0;
    /// How much a look at the socket brought. A little: that was all, and the server is at work on
    /// what follows. With TLS nobody can tell.
    enum class Came : std::uint8_t { nothing, a_little, something };
    /// Reads what has arrived, without waiting. Throws Error{transient} for a lost connection.
    virtual Came read() = 0;
    /// Sends a message, without waiting for room: it may be dropped where there is none. Any one
    /// thread.
    virtual void send(std::string_view message) noexcept = 0;
};

}  // namespace dts
