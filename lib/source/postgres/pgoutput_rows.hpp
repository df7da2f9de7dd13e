// Tables and rows of pgoutput messages as dts knows them.
#pragma once

#include "lib/base/arena.hpp"
#include "lib/change/change_batch.hpp"
#include "lib/source/postgres/pgoutput_reader.hpp"
#include "lib/source/postgres/postgres_type_names.hpp"

namespace dts::pgoutput {

TableSchemaPtr describe(const Relation& relation, const PostgresTypeNames& types);

/// A table, and the form of each column that comes in binary; none where all come as text.
struct RowForm {
    const TableSchema& table;
    std::span<const BinaryForm> forms;
};

/// The row of an insert, update or remove, read behind its relation's id. Its values point into the
/// message and the arena. Throws Error{data} for what makes no sense.
RowChange read_row(Kind kind, MessageReader& reader, const RowForm& form, Arena& arena);

}  // namespace dts::pgoutput
