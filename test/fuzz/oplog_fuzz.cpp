// Oplog entries and change events as a server that has gone mad would send them: each is preceded
// by its length, in two bytes, the first entry of which chains may be made again and again.
#include "lib/base/error.hpp"
#include "lib/source/mongo/change_event_decoder.hpp"
#include "lib/source/mongo/oplog_decoder.hpp"

using namespace dts;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    DocumentBatch batch([](std::string_view, std::string_view name) { return name != "no"; }, {});
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    std::string first;
    OplogDecoder oplog(batch, [&](BsonTimestamp) { return first; });
    ChangeEventDecoder events(batch);
    while (rest.size() >= 2) {
        const auto low = static_cast<unsigned char>(rest[0]);
        const auto high = static_cast<unsigned char>(rest[1]);
        const std::size_t length = std::min<std::size_t>(low | high << 8, rest.size() - 2);
        const std::string entry(rest.substr(2, length));
        rest.remove_prefix(2 + length);
        if (first.empty()) first = entry;
        try {
            events.accept(entry);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::data) std::abort();
        }
        try {
            oplog.accept(entry);
            while (oplog.is_inside_chain()) oplog.step();
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::data) std::abort();
            break;
        }
    }
    batch.take();
    return 0;
}
