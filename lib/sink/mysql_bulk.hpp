// MariaDB's bulk execution (COM_STMT_BULK_EXECUTE, MariaDB 10.2.7 and later): one prepared
// statement and many rows of binary parameters in one packet. The packet is made by the encoder
// thread; the writer only fills in the statement's id and sends it. Format: MariaDB Knowledge Base,
// "COM_STMT_BULK_EXECUTE" and "Binary protocol".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/sink/sql_text.hpp"
#include "lib/sink/write_group.hpp"

namespace dts {

/// A statement for rows of one table and kind of write, and where its parameters come from.
class BulkStatement {
  public:
    /// `form` is for inserts and upserts.
    BulkStatement(TableBindingPtr binding, WriteKind kind, sql_text::InsertForm form);

    /// Can this kind of write to this table be sent in bulk at all? Exact writes cannot, nor keys
    /// whose character set is not that of the connection (they would not use the index).
    static bool is_possible(const TableBinding& binding, WriteKind kind);

    /// Nothing else holds the tables' binding any more.
    bool is_abandoned() const noexcept { return binding_.use_count() == 1; }

    const std::string& sql() const noexcept { return sql_; }

    /// The packet's head: a place for the statement's id, and the types.
    void append_head(std::string& out) const;
    void append_row(std::string& out, const RowWrite& row) const;

  private:
    struct Parameter {
        std::uint16_t ordinal;  ///< in the source row
        bool of_before;
        bool by_label;
        bool is_unsigned;
        std::uint8_t wire_type;
    };
    Parameter parameter(const TableBinding::Field& field, bool of_before) const;
    void append_value(std::string& out, const Parameter& p, const Value& value) const;
    void add_key_condition();

    TableBindingPtr binding_;
    std::string sql_;
    std::vector<Parameter> parameters_;
};

}  // namespace dts
