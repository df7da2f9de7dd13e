// What travels compressed inside events: whole transactions (MySQL, zstd), rows and statements
// (MariaDB, zlib), and MariaDB's COMPRESSED columns. Sizes are checked before memory is taken;
// bytes that do not unpack to what they announce throw Error{data}.
#pragma once

#include <memory>
#include <optional>

#include "lib/base/arena.hpp"
#include "lib/base/byte_reader.hpp"
#include "lib/source/chunk_buffer.hpp"

namespace dts {

/// The rows or the statement of a MariaDB compressed event. Valid as long as the arena.
Bytes uncompress_mariadb(Bytes packed, Arena& arena);

/// The value of a MariaDB COMPRESSED column: a view of `stored` where it was not worth packing.
Bytes uncompress_column(Bytes stored, Arena& arena);

/// The events inside a TRANSACTION_PAYLOAD event, one after the other: a transaction larger than
/// memory need not be unpacked as a whole.
class TransactionPayload {
  public:
    /// `body` must stay valid; whoever calls keeps its chunk.
    explicit TransactionPayload(Bytes body);
    ~TransactionPayload();
    TransactionPayload(TransactionPayload&&) noexcept;
    TransactionPayload& operator=(TransactionPayload&&) noexcept;

    /// The next event with its header, without a checksum; nothing behind the last one. Valid as
    /// long as chunk().
    std::optional<Bytes> next();
    const std::shared_ptr<Chunk>& chunk() const noexcept { return buffer_.chunk(); }

  private:
    struct Unpacker;

    /// Unpacks until that many bytes are buffered; false at the end.
    bool need(std::size_t bytes);

    std::unique_ptr<Unpacker> unpacker_;
    ChunkBuffer buffer_;
};

}  // namespace dts
