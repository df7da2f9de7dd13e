// Tables and rows of pgoutput messages as dts knows them.
#pragma once

#include "lib/base/arena.hpp"
#include "lib/change/change_batch.hpp"
#include "lib/source/postgres/pgoutput_reader.hpp"
#include "lib/source/postgres/postgres_type_names.hpp"

namespace dts::pgoutput {

TableSchemaPtr describe(const Relation& relation, const PostgresTypeNames& types);

/// The row of an insert, update or remove, read behind its relation's id. Its values point into the
/// message and the arena. Throws Error{data} for what makes no sense.
RowChange read_row(Kind kind, MessageReader& reader, const TableSchema& table, Arena& arena);

}  // namespace dts::pgoutput
