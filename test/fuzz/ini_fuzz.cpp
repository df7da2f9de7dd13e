// Any text as a task's ini, with what it needs in front and without: the reader either takes it or
// throws Error{config}.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"
#include "lib/config/task_config.hpp"

namespace {

constexpr std::string_view needed =
    "[extractor]\ndb_type=mysql\nextract_type=cdc\nurl=mysql://a\nserver_id=1\n"
    "[sinker]\nurl=mysql://b\n";

void read(std::string_view text) {
    try {
        dts::make_task_config(dts::parse_ini(text, "fuzz.ini"), "fuzz", nullptr);
    } catch (const dts::Error& error) {
        if (error.kind() != dts::ErrorKind::config) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    read(text);
    read(std::string(needed) + text);
    return 0;
}
