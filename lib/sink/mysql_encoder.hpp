// Turns a write group into what a MySQL or MariaDB target executes: bulk packets, or statements of
// many rows. Any thread at a time: the encoder's, and the writer's when a group has to be encoded
// anew.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "lib/sink/mysql_bulk.hpp"
#include "lib/sink/sql_sink.hpp"

namespace dts {

/// A statement's bytes stand in its group's one buffer.
struct MysqlStatement {
    std::shared_ptr<const BulkStatement> bulk;  ///< nullptr: text
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t write = 0;  ///< of the group; with rows [first_row, last_row]
    std::size_t first_row = 0;
    std::size_t last_row = 0;
    /// Values that are ENUM's ordinal 0: it runs without strict mode, and what it cut is looked at.
    std::size_t enum_zeros = 0;
};

struct MysqlEncodedGroup final : SqlEncodedGroup {
    using SqlEncodedGroup::SqlEncodedGroup;
    std::string buffer;
    std::vector<MysqlStatement> statements;
};

/// "target table `db`.`t`, rows `id`=1 ... `id`=9"
std::string rows_text(const MysqlEncodedGroup& encoded, const MysqlStatement& statement);

class MysqlEncoder {
  public:
    struct Options {
        std::size_t batch_rows = 1000;  ///< rows of one statement
        bool may_replace =
            true;  ///< REPLACE may be used: no foreign key would notice its deletions
    };
    explicit MysqlEncoder(Options options) : options_(options) {}

    /// What the target takes. Before the first encode().
    void set_target(std::size_t max_packet_bytes, bool is_mariadb, bool in_bulk) noexcept {
        max_packet_bytes_ = max_packet_bytes;
        is_mariadb_ = is_mariadb;
        in_bulk_ = in_bulk;
    }

    /// Changes may be applied again after a crash (at least once), when another row may hold a
    /// unique value that the written one had then. Before the first encode().
    void expect_repetitions(bool may_repeat) noexcept { may_repeat_ = may_repeat; }

    /// Fills buffer and statements from the group. `replace`: inserts take the place of rows that
    /// are there. Throws Error{data} for a row that is too large for the target.
    void encode(MysqlEncodedGroup& encoded, bool replace);

  private:
    void encode_write(MysqlEncodedGroup& encoded, std::size_t write, bool replace);
    void encode_bulk(MysqlEncodedGroup& encoded, std::size_t write, bool replace);
    void encode_text(MysqlEncodedGroup& encoded, std::size_t write, bool replace);
    void finish(MysqlEncodedGroup& encoded, MysqlStatement statement, std::size_t next_row) const;
    sql_text::InsertForm form_of(const TableWrite& write, bool replace) const noexcept;
    std::shared_ptr<const BulkStatement> bulk_statement(const TableWrite& write, bool replace);
    std::size_t statement_bytes() const noexcept;
    void check_size(const MysqlEncodedGroup& encoded, const MysqlStatement& statement) const;

    Options options_;
    std::size_t max_packet_bytes_ = 0;
    bool is_mariadb_ = false;
    bool in_bulk_ = false;
    bool may_repeat_ = false;
    std::mutex statements_mutex_;
    std::map<std::tuple<const TableBinding*, WriteKind, sql_text::InsertForm>,
             std::shared_ptr<const BulkStatement>>
        statements_;
};

}  // namespace dts
