#include "lib/source/mysql/event_payload.hpp"

#include <fmt/format.h>

#include <zlib.h>
#include <zstd.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/binlog_event.hpp"

namespace dts {

namespace {

/// deflate can not do better than about 1:1032; an announced size beyond that is no size.
constexpr std::uint64_t best_deflate_ratio = 1100;

std::uint64_t read_size(ByteReader& reader, unsigned bytes) {
    std::uint64_t size = 0;
    for (const std::byte byte : reader.take(bytes))
        size = size << 8 | std::to_integer<std::uint64_t>(byte);
    return size;
}

/// Unpacks zlib (window 15) or raw deflate (window -15) data into exactly `size` bytes.
Bytes inflate_exactly(Bytes packed, std::uint64_t size, int window, Arena& arena) {
    if (size > packed.size() * best_deflate_ratio + 64)
        throw Error(ErrorKind::data,
                    fmt::format("{} compressed bytes can not hold {}", packed.size(), size));
    const auto out = arena.allocate<std::byte>(size);
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    if (inflateInit2(&stream, window) != Z_OK) throw Error(ErrorKind::bug, "zlib does not start");
    const int result = inflate(&stream, Z_FINISH);
    const bool whole = result == Z_STREAM_END && stream.total_out == size;
    inflateEnd(&stream);
    if (!whole) throw Error(ErrorKind::data, "compressed bytes that do not unpack (zlib)");
    return out;
}

}  // namespace

Bytes uncompress_mariadb(Bytes packed, Arena& arena) {
    // 1 bit set, 3 bits algorithm (0: zlib), 1 unused, 3 bits: bytes of the size that follows
    ByteReader reader(packed);
    const unsigned header = reader.u8();
    if ((header & 0xF0) != 0x80)
        throw Error(ErrorKind::data,
                    fmt::format("events compressed in an unknown way ({:#x})", header));
    const std::uint64_t size = read_size(reader, header & 0x07);
    return inflate_exactly(reader.rest(), size, MAX_WBITS, arena);
}

Bytes uncompress_column(Bytes stored, Arena& arena) {
    if (stored.empty()) return stored;
    // 4 bits method (0: as it is, 8: zlib), 1 bit: without zlib's own header, 3 bits: bytes of the
    // size that follows
    ByteReader reader(stored);
    const unsigned header = reader.u8();
    if (header == 0) return reader.rest();
    if (header >> 4 != 8)
        throw Error(ErrorKind::data,
                    fmt::format("a column compressed in an unknown way ({:#x})", header));
    const std::uint64_t size = read_size(reader, header & 0x07);
    const int window = (header & 0x08) != 0 ? -MAX_WBITS : MAX_WBITS;
    return inflate_exactly(reader.rest(), size, window, arena);
}

struct TransactionPayload::Unpacker {
    struct Free {
        void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
    };
    std::unique_ptr<ZSTD_DCtx, Free> context;
    Bytes packed;
    std::size_t consumed = 0;
    bool stored = false;  ///< not compressed at all

    std::size_t unpack(std::span<std::byte> room);
};

/// Fills some of the room; 0 at the end.
std::size_t TransactionPayload::Unpacker::unpack(std::span<std::byte> room) {
    if (stored) {
        const std::size_t count = std::min(room.size(), packed.size() - consumed);
        std::memcpy(room.data(), packed.data() + consumed, count);
        consumed += count;
        return count;
    }
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    ZSTD_inBuffer in{packed.data(), packed.size(), consumed};
    while (out.pos == 0) {
        const std::size_t before = in.pos;
        const std::size_t result = ZSTD_decompressStream(context.get(), &out, &in);
        if (ZSTD_isError(result) != 0)
            throw Error(ErrorKind::data, fmt::format("a compressed transaction does not unpack: {}",
                                                     ZSTD_getErrorName(result)));
        if (out.pos == 0 && in.pos == before) break;
    }
    consumed = in.pos;
    return out.pos;
}

TransactionPayload::TransactionPayload(Bytes body) : unpacker_(std::make_unique<Unpacker>()) {
    enum Field : std::uint64_t { end = 0, payload_size = 1, compression = 2, unpacked_size = 3 };
    constexpr std::uint64_t zstd = 0;
    constexpr std::uint64_t none = 255;
    std::uint64_t method = none;
    std::uint64_t size = 0;
    ByteReader reader(body);
    while (true) {
        const auto field = read_packed(reader);
        if (field == end) break;
        ByteReader value(reader.take(read_packed(reader)));
        if (field == payload_size) size = read_packed(value);
        if (field == compression) method = read_packed(value);
    }
    if (method != zstd && method != none)
        throw Error(ErrorKind::data,
                    fmt::format("a transaction compressed in an unknown way ({})", method));
    unpacker_->packed = reader.take(size);
    unpacker_->stored = method == none;
    unpacker_->context.reset(ZSTD_createDCtx());
}

TransactionPayload::~TransactionPayload() = default;
TransactionPayload::TransactionPayload(TransactionPayload&&) noexcept = default;
TransactionPayload& TransactionPayload::operator=(TransactionPayload&&) noexcept = default;

std::optional<Bytes> TransactionPayload::next() {
    if (!need(EventHeader::bytes)) {
        if (!buffer_.buffered().empty())
            throw Error(ErrorKind::data, "a compressed transaction ends inside an event");
        return std::nullopt;
    }
    const std::size_t length = parse_event_header(buffer_.buffered()).length;
    if (length < EventHeader::bytes || !need(length))
        throw Error(ErrorKind::data, "a compressed transaction ends inside an event");
    return buffer_.consume(length);
}

bool TransactionPayload::need(std::size_t bytes) {
    while (buffer_.buffered().size() < bytes) {
        // What is still packed bounds what may be asked for, whatever a broken header says.
        constexpr std::size_t step = std::size_t{16} << 20;
        const std::size_t wanted = std::min(bytes, buffer_.buffered().size() + step);
        const std::size_t count = unpacker_->unpack(buffer_.room(wanted));
        if (count == 0) return false;
        buffer_.filled(count);
    }
    return true;
}

}  // namespace dts
