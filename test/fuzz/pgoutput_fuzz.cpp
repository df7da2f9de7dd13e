// The messages of a replication slot, as a server that has gone mad would send them: each is
// preceded by its length, in two bytes.
#include <filesystem>

#include "lib/base/error.hpp"
#include "lib/source/postgres/pgoutput_decoder.hpp"

using namespace dts;

namespace {

/// What is handed out can be read, value by value.
std::size_t read_values(const ChangeBatch& batch) {
    std::size_t bytes = 0;
    for (const RowChange& change : batch.changes) {
        for (const Value* row : {change.before, change.after}) {
            if (row == nullptr) continue;
            for (std::size_t i = 0; i < change.table->columns.size(); ++i) {
                if (row[i].is_view() && !row[i].as_view().empty())
                    bytes += static_cast<unsigned char>(row[i].as_view().back());
            }
        }
    }
    return bytes;
}

PgoutputDecoder::Options options() {
    PgoutputDecoder::Options options;
    options.limits = {16, 1 << 16};
    options.truncates = true;
    options.streamed_folder =
        std::make_shared<StreamedFolder>(std::filesystem::temp_directory_path(), 1 << 20);
    options.binary = std::make_shared<BinaryChoice>();
    options.binary->choose_binary({20'000});
    options.skips_origin = [](std::string_view origin) { return origin == "no"; };
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    PgoutputDecoder decoder([](std::string_view, std::string_view table) { return table != "no"; },
                            options());
    decoder.start({1, 0});
    ByteReader reader({reinterpret_cast<const std::byte*>(data), size});
    std::size_t bytes = 0;
    try {
        while (reader.remaining() >= 2) {
            const auto length = static_cast<std::size_t>(reader.unsigned_be<2>());
            if (length == 0) {
                decoder.moved_to(reader.remaining() + 2, 0);
                continue;
            }
            decoder.accept(reader.take(std::min(length, reader.remaining())));
            if (decoder.is_full()) bytes += read_values(*decoder.take());
            while (decoder.is_replaying()) {
                decoder.replay();
                if (decoder.is_full()) bytes += read_values(*decoder.take());
            }
        }
        if (decoder.has_batch()) decoder.drop_unfinished();
    } catch (const Error& error) {
        // Of a table with a type that has no binary form, the stream begins anew.
        if (error.kind() != ErrorKind::data && error.kind() != ErrorKind::transient) std::abort();
    }
    return bytes == ~std::size_t{0} ? 1 : 0;
}
