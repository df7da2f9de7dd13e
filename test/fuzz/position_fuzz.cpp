// Lines of position.log, finished.log and resume files: whatever they hold, they are read as a
// record or refused with Error{checkpoint}; and what is read is written back the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/base/error.hpp"
#include "lib/checkpoint/position_record.hpp"

using namespace dts;

namespace {

/// Reads a line and, where it is a record, the record that is written of it. Anything but
/// Error{checkpoint} ends the run.
void read_both_ways(std::string_view line, const CodecRegistry& codecs, RecordHeader header) {
    PositionRecord record;
    try {
        record = parse_record(line, codecs, header);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::checkpoint) std::abort();
        return;
    }
    const std::string json = record.position->to_json();
    const auto again = codecs.decode(json);  // throws: a record that we write cannot be read
    if (again->to_json() != json) std::abort();
    if (record.position->compare(*again) != std::partial_ordering::equivalent) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const CodecRegistry codecs = all_codecs();
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    read_both_ways(line, codecs, RecordHeader::strict);
    read_both_ways(line, codecs, RecordHeader::lenient);
    is_unknown_type(line, codecs);
    return 0;
}
