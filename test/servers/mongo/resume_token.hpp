// Places in a change stream as the text that clients keep: hexadecimal, and sorted as the events
// are. The server's own tokens are opaque to clients; so are these, and they are not alike inside.
#pragma once

#include <compare>
#include <string>

#include "test/servers/mongo/value.hpp"

namespace standin {

struct ResumeToken {
    enum class Kind : std::uint8_t {
        time = 0x00,        ///< before all events of that time: nothing happened up to it
        event = 0x80,       ///< an event
        invalidate = 0x81,  ///< behind the event that ended the stream
    };
    Timestamp time;
    Kind kind = Kind::time;
    std::uint32_t operation = 0;  ///< of a transaction: which one of it
    std::uint32_t fragment = 0;  ///< of an event that was split: which one, from 0; last: not split

    static constexpr std::uint32_t whole = 0xFFFF;

    /// {_data: "82…"}
    Value value() const;
    /// Throws Failure (40647) for what is none.
    static ResumeToken parse(const Value& token);

    std::strong_ordering operator<=>(const ResumeToken& other) const;
    bool operator==(const ResumeToken& other) const = default;
};

}  // namespace standin
