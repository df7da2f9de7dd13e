#include "test/servers/mongo/wire.hpp"

#include <cstring>
#include <utility>

namespace standin {

namespace {

constexpr std::int32_t op_reply = 1, op_query = 2004, op_msg = 2013;
constexpr std::uint32_t checksum_present = 1U << 0, more_to_come = 1U << 1;

class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    bool empty() const { return rest_.empty(); }

    template <typename Number>
    Number number() {
        Number number;
        std::memcpy(&number, take(sizeof number).data(), sizeof number);
        return number;
    }
    std::string_view take(std::size_t count) {
        if (count > rest_.size()) throw BadBson("a message ends too early");
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::string text() {
        const auto end = rest_.find('\0');
        if (end == std::string_view::npos) throw BadBson("a message ends within a text");
        return std::string(take(end + 1).substr(0, end));
    }
    Value document() {
        std::int32_t length = 0;
        if (rest_.size() < 5) throw BadBson("a message ends within a document");
        std::memcpy(&length, rest_.data(), sizeof length);
        if (length < 5) throw BadBson("a document that is too short");
        return Value::document(std::string(take(static_cast<std::size_t>(length))));
    }

  private:
    std::string_view rest_;
};

void read_sections(Reader reader, Message& message) {
    while (!reader.empty()) {
        const auto kind = reader.number<std::uint8_t>();
        if (kind == 0) {
            message.request.body = reader.document();
        } else if (kind == 1) {
            const auto size = reader.number<std::int32_t>();
            if (size < 5) throw BadBson("a section that is too short");
            Reader section(reader.take(static_cast<std::size_t>(size) - 4));
            auto& documents = message.request.sequences[section.text()];
            while (!section.empty()) documents.push_back(section.document());
        } else {
            throw BadBson("a section of a kind that is not known");
        }
    }
}

template <typename Number>
void append_number(std::string& bytes, Number number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

MessageHeader MessageHeader::parse(std::string_view bytes) {
    MessageHeader header;
    Reader reader(bytes);
    header.length = reader.number<std::int32_t>();
    header.request_id = reader.number<std::int32_t>();
    header.response_to = reader.number<std::int32_t>();
    header.op_code = reader.number<std::int32_t>();
    return header;
}

Message parse_message(const MessageHeader& header, std::string_view body) {
    Message message{header, {}, true};
    Reader reader(body);
    const auto flags = reader.number<std::uint32_t>();
    if (header.op_code == op_msg) {
        auto sections = body.substr(sizeof flags);
        if ((flags & checksum_present) != 0 && sections.size() >= 4) sections.remove_suffix(4);
        read_sections(Reader(sections), message);
        message.wants_reply = (flags & more_to_come) == 0;
    } else if (header.op_code == op_query) {
        const auto ns = reader.text();
        reader.take(8);  // numberToSkip, numberToReturn
        Value query = reader.document();
        const Value* wrapped = std::as_const(query).find("$query");
        message.request.body = wrapped ? Value(*wrapped) : query;
        message.request.body.set("$db", ns.substr(0, ns.find('.')));
    } else {
        throw BadBson("an op code that is not known: " + std::to_string(header.op_code));
    }
    if (message.request.body.size() == 0) throw BadBson("a command without a name");
    return message;
}

std::string reply_message(const MessageHeader& request, const Value& reply) {
    static std::int32_t next_id = 1;
    std::string bytes(MessageHeader::size, '\0');
    const bool is_query = request.op_code == op_query;
    append_number(bytes, std::uint32_t{is_query ? 8U : 0U});
    if (is_query) {
        append_number(bytes, std::int64_t{0});
        append_number(bytes, std::int32_t{0});
        append_number(bytes, std::int32_t{1});
    } else {
        bytes += '\0';
    }
    bytes += reply.bytes();
    const MessageHeader header{static_cast<std::int32_t>(bytes.size()), next_id++,
                               request.request_id, is_query ? op_reply : op_msg};
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

}  // namespace standin
