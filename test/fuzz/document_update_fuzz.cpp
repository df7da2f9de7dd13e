// A document and an update of it, both from a server that has gone mad: the first two bytes are the
// document's length. What comes out must be BSON where both that went in were.
#include "lib/base/error.hpp"
#include "lib/client/bson_bytes.hpp"
#include "lib/sink/document_update.hpp"

using namespace dts;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t length = std::min<std::size_t>(data[0] | data[1] << 8, bytes.size());
    const auto document = bytes.substr(0, length);
    const auto update = bytes.substr(length);
    try {
        check_document(document);
        check_document(update);
        check_document(apply_update(document, update).bytes);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::data) std::abort();
    }
    return 0;
}
