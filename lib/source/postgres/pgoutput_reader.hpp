// Reads the messages of the pgoutput plugin, protocol versions 1 to 4, field by field. Format:
// PostgreSQL documentation, "Logical Replication Message Formats". Every step is checked: bytes
// from outside never make us read past their end. Throws Error{data}.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/base/arena.hpp"
#include "lib/base/byte_reader.hpp"
#include "lib/change/value.hpp"
#include "lib/source/postgres/binary_values.hpp"

namespace dts::pgoutput {

/// What a message is, by its first byte.
enum class Kind : char {
    begin = 'B',
    commit = 'C',
    relation = 'R',
    insert = 'I',
    update = 'U',
    remove = 'D',
    truncate = 'T',
    type = 'Y',
    origin = 'O',
    message = 'M',
    // Version 2: between start and stop are messages of a transaction in progress, whose number
    // stands behind the kind of each.
    stream_start = 'S',
    stream_stop = 'E',
    stream_commit = 'c',
    stream_abort = 'A',
};
/// Of transactions in progress alone.
constexpr bool is_of_stream(Kind kind) noexcept {
    return kind == Kind::stream_start || kind == Kind::stream_stop || kind == Kind::stream_commit ||
           kind == Kind::stream_abort;
}

struct Begin {
    std::uint64_t commit_lsn;  ///< where the commit record begins
    std::int64_t commit_time_us;
    std::uint32_t xid;
};

struct Commit {
    std::uint64_t commit_lsn;
    std::uint64_t end_lsn;  ///< behind the commit record: where to resume
    std::int64_t commit_time_us;
};

struct StreamStart {
    std::uint32_t xid;
    bool is_first;  ///< part of this transaction
};

struct StreamAbort {
    std::uint32_t xid;
    std::uint32_t subtransaction;  ///< that number again where all of it is taken back
};

struct RelationColumn {
    std::string_view name;
    std::uint32_t type;
    std::int32_t type_modifier;
    bool in_identity;
};

struct Relation {
    std::uint32_t id;
    std::string_view schema;
    std::string_view table;
    char replica_identity;  ///< d(efault), n(othing), f(ull), i(ndex)
    std::vector<RelationColumn> columns;
};

struct Truncation {
    bool cascades;           ///< the tables it went on to are named, too
    bool restarts_identity;  ///< the sequences of its columns begin anew
    std::vector<std::uint32_t> relations;
};

/// A type that is none of the server's own; a domain under the name of what is beneath it.
struct Type {
    std::uint32_t id;
    std::string_view schema;
    std::string_view name;
};

class MessageReader {
  public:
    /// The views it gives live as long as these bytes.
    explicit MessageReader(Bytes message) : reader_(message) {}

    Kind kind() { return static_cast<Kind>(reader_.u8()); }
    Begin begin();
    Commit commit();
    StreamStart stream_start();
    StreamAbort stream_abort();
    std::uint32_t xid() { return u32(); }
    /// The name of where the transaction was written at first.
    std::string_view origin();
    Relation relation();
    Type type();
    std::uint32_t relation_id() { return u32(); }
    Truncation truncation();
    /// 'K' (the replica identity), 'O' (the whole old row) or 'N' (the new row).
    char tuple_kind() { return static_cast<char>(reader_.u8()); }
    /// As many values as `row` has: text, NULL or unchanged. What comes in binary becomes text by
    /// the column's form, in the arena; there are no forms where nothing was asked for in binary.
    void tuple(std::span<Value> row, std::span<const BinaryForm> forms, Arena& arena);
    Bytes rest() { return reader_.rest(); }
    /// Throws when something is left.
    void finish() const;

  private:
    std::uint16_t u16() { return static_cast<std::uint16_t>(reader_.unsigned_be<2>()); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(reader_.unsigned_be<4>()); }
    std::uint64_t u64() { return reader_.unsigned_be<8>(); }
    std::string_view text();

    ByteReader reader_;
};

/// Postgres counts microseconds from 2000-01-01. Of times that are none the result is one that is
/// none: whatever bytes say is not calculated with beyond its bounds.
constexpr std::uint64_t epoch_us = std::uint64_t{946'684'800} * 1'000'000;
constexpr std::int64_t unix_time_us(std::uint64_t postgres_time) noexcept {
    return static_cast<std::int64_t>(postgres_time + epoch_us);
}
constexpr std::uint64_t postgres_time(std::int64_t unix_time_us) noexcept {
    return static_cast<std::uint64_t>(unix_time_us) - epoch_us;
}

}  // namespace dts::pgoutput
