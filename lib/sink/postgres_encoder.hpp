// Turns a write group into what a Postgres target executes: COPY for new rows, one DELETE for many
// keys, and statements for what must keep its order. Any thread at a time: the encoder's, and the
// writer's when a group has to be encoded anew.
//
// A row that is written whole is overwritten in place where its key is the only unique one, else
// deleted and copied. No foreign key and no ordinary trigger sees that, since the session is one
// that replicates; where it is not, no such rows are planned.
#pragma once

#include <string>
#include <vector>

#include "lib/sink/postgres_text.hpp"
#include "lib/sink/sql_sink.hpp"

namespace dts {

/// A statement's bytes stand in its group's one buffer. With rows [first_row, last_row] of a write.
struct PostgresStatement {
    enum class Kind : std::uint8_t {
        statements,  ///< SQL, each ended by a semicolon
        copy,        ///< the lines of a COPY, whose command is `command`
        definition,  ///< a definition statement; the settings of its session go before it
    };
    Kind kind = Kind::statements;
    bool must_match = false;  ///< each row is found, or taken, or source and target differ
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t write = 0;
    std::size_t first_row = 0;
    std::size_t last_row = 0;
    std::string command;
};

struct PostgresEncodedGroup final : SqlEncodedGroup {
    using SqlEncodedGroup::SqlEncodedGroup;
    std::string buffer;
    std::vector<PostgresStatement> statements;
};

/// "target table "s"."t", rows "id"=1 ... "id"=9", or what a definition statement is about.
std::string rows_text(const PostgresEncodedGroup& encoded, const PostgresStatement& statement);

class PostgresEncoder {
  public:
    struct Options {
        std::size_t batch_rows = 1000;  ///< rows of one statement
        bool may_delete = true;         ///< a row may be replaced by deleting it: nothing notices
        std::size_t few_rows = 4;       ///< as many are no COPY yet
    };
    explicit PostgresEncoder(Options options) : options_(options) {}

    /// Fills buffer and statements from the group. `replace`: inserts take the place of rows that
    /// are there, also of those that only another unique key would meet.
    void encode(PostgresEncodedGroup& encoded, bool replace) const;

  private:
    class Writer;
    Options options_;
};

}  // namespace dts
