// The text of values that a server sends in binary (pgoutput's option "binary"): byte for byte what
// it prints itself in a session with our settings (lib/client/postgres_connect.cpp). Formats: the
// send and output functions of PostgreSQL, src/backend/utils/adt.
//
// Types that are not here have no form (intervals, arrays, network addresses, ...; pg_lsn, which
// versions print differently): a stream that has any of those is text as a whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/arena.hpp"
#include "lib/base/byte_reader.hpp"

namespace dts {

/// How the bytes of a type become its text.
enum class BinaryForm : std::uint8_t {
    none,  ///< they do not
    same,  ///< they are the text
    boolean,
    int2,
    int4,
    int8,
    oid,
    float4,
    float8,
    numeric,
    date,
    time,
    timestamp,
    timestamptz,
    uuid,
    bytea,
    jsonb,
};

/// Of a type as Column::base_type has it. The labels of an enum are `same`.
BinaryForm binary_form(std::string_view base_type) noexcept;

/// The types of pg_catalog that have one, quoted and parted by commas, for SQL.
std::string binary_type_names();

/// Points into the value or the arena. Throws Error{data} for bytes that the type does not have.
std::string_view binary_text(BinaryForm form, Bytes value, Arena& arena);

}  // namespace dts
