// MySQL's binary JSON: whatever the bytes are, they become text or an Error.
#include <string>

#include "lib/base/error.hpp"
#include "lib/source/mysql/json_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text;
    try {
        dts::append_json_text(std::as_bytes(std::span(data, size)), text);
    } catch (const dts::Error& error) {
        if (error.kind() != dts::ErrorKind::data) __builtin_trap();
    }
    // Printing is bounded by the document's size, not by what it claims to hold.
    if (text.size() > 64 + 64 * size) __builtin_trap();
    return 0;
}
