// pgoutput messages made by hand, byte by byte, as the protocol's documentation describes them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/source/postgres/pgoutput_reader.hpp"

namespace dts::test {

inline void put_be(std::string& out, std::uint64_t value, int bytes) {
    for (; bytes > 8; --bytes) out += '\0';
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xFF);
}

inline Bytes as_message(const std::string& bytes) {
    return std::as_bytes(std::span(bytes));
}

inline constexpr std::int64_t commit_time = 1'728'547'951'421'000;

inline std::string begin_message(std::uint64_t commit_lsn, std::uint32_t xid = 7) {
    std::string out = "B";
    put_be(out, commit_lsn, 8);
    put_be(out, pgoutput::postgres_time(commit_time), 8);
    put_be(out, xid, 4);
    return out;
}

inline std::string commit_message(std::uint64_t commit_lsn, std::uint64_t end_lsn) {
    std::string out = "C";
    put_be(out, 0, 1);
    put_be(out, commit_lsn, 8);
    put_be(out, end_lsn, 8);
    put_be(out, pgoutput::postgres_time(commit_time), 8);
    return out;
}

struct KeyedName {
    const char* name;
    bool in_identity;
};

inline std::string relation_message(std::uint32_t id, const char* schema, const char* table,
                                    char identity, std::initializer_list<KeyedName> columns) {
    std::string out = "R";
    put_be(out, id, 4);
    out.append(schema).append(1, '\0').append(table).append(1, '\0');
    out += identity;
    put_be(out, columns.size(), 2);
    for (const auto& column : columns) {
        put_be(out, column.in_identity ? 1 : 0, 1);
        out.append(column.name).append(1, '\0');
        put_be(out, 25, 4);
        put_be(out, 0xFFFFFFFF, 4);
    }
    return out;
}

/// One value of a tuple: a text; nothing for NULL; "\1" for unchanged.
using Field = std::optional<std::string_view>;
inline constexpr std::string_view unchanged = "\1";

inline std::string tuple(char kind, std::initializer_list<Field> fields) {
    std::string out(1, kind);
    put_be(out, fields.size(), 2);
    for (const auto& field : fields) {
        if (!field) {
            out += 'n';
        } else if (*field == unchanged) {
            out += 'u';
        } else {
            out += 't';
            put_be(out, field->size(), 4);
            out += *field;
        }
    }
    return out;
}

inline std::string change_message(char kind, std::uint32_t id, const std::string& tuples) {
    std::string out(1, kind);
    put_be(out, id, 4);
    return out + tuples;
}

/// `options`: 1 CASCADE, 2 RESTART IDENTITY.
inline std::string truncate_message(std::initializer_list<std::uint32_t> ids,
                                    std::uint8_t options = 0) {
    std::string out = "T";
    put_be(out, ids.size(), 4);
    put_be(out, options, 1);
    for (const auto id : ids) put_be(out, id, 4);
    return out;
}

inline std::string origin_message(const char* name) {
    std::string out = "O";
    put_be(out, 1, 8);
    return out.append(name).append(1, '\0');
}

inline std::string stream_start_message(std::uint32_t xid, bool is_first) {
    std::string out = "S";
    put_be(out, xid, 4);
    put_be(out, is_first ? 1 : 0, 1);
    return out;
}

inline std::string stream_stop_message() {
    return "E";
}

inline std::string stream_abort_message(std::uint32_t xid, std::uint32_t subtransaction) {
    std::string out = "A";
    put_be(out, xid, 4);
    put_be(out, subtransaction, 4);
    return out;
}

inline std::string stream_commit_message(std::uint32_t xid, std::uint64_t commit_lsn,
                                         std::uint64_t end_lsn) {
    std::string out = "c";
    put_be(out, xid, 4);
    return out + commit_message(commit_lsn, end_lsn).substr(1);
}

/// A message as it stands in a part of a streamed transaction.
inline std::string in_stream(std::uint32_t xid, const std::string& message) {
    std::string out = message.substr(0, 1);
    put_be(out, xid, 4);
    return out + message.substr(1);
}

}  // namespace dts::test
