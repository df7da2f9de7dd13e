// Messages of MongoDB's wire protocol, as the manual's page "MongoDB Wire Protocol" has them:
// OP_MSG with sections of both kinds, and OP_QUERY for a driver's first hello.
#pragma once

#include <string>
#include <string_view>

#include "test/servers/mongo/request.hpp"

namespace standin {

struct MessageHeader {
    static constexpr std::size_t size = 16;
    std::int32_t length = 0;
    std::int32_t request_id = 0;
    std::int32_t response_to = 0;
    std::int32_t op_code = 0;

    static MessageHeader parse(std::string_view bytes);
};

/// Larger messages are refused by the server, too.
inline constexpr std::int32_t max_message_bytes = 48'000'000;

struct Message {
    MessageHeader header;
    Request request;
    bool wants_reply = true;  ///< false: moreToCome
};

/// Of what follows the header. Throws BadBson for what is none.
Message parse_message(const MessageHeader& header, std::string_view body);

/// In the form of the request.
std::string reply_message(const MessageHeader& request, const Value& reply);

}  // namespace standin
