// The checkpoint of a task in its MySQL or MariaDB target: one row, moved on inside the
// transactions that apply the changes. It carries an owner token: a worker claims the row at start,
// and from then on every transaction of an earlier owner finds its token gone and fails.
//
// The table has the shape of ape-dts's (formats: ARCHITECTURE.md); a table of that shape without
// the owner columns is used too, guarded by the position it held before in place of the token. Used
// by one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/client/mysql_client.hpp"

namespace dts {

class PositionTable {
  public:
    struct Options {
        std::string schema = "dts_metadata";
        std::string table = "task_position";
        std::string task_id;
        std::string owner_token;  ///< of this worker, new for each process
        std::string owner;        ///< where this worker runs (host and log directory), for messages
        bool take_over = false;   ///< claim the task also from a worker that is alive
    };
    explicit PositionTable(Options options);

    /// Reads the record, touching nothing; nothing where table or row do not exist.
    std::optional<std::string> read(MysqlConnection& connection);

    /// Reads the record behind any transaction that is about to move it. Within a transaction.
    std::optional<std::string> read_locked(MysqlConnection& connection);

    /// Makes the table where it is missing. Throws Error{permission} when the account may not.
    void create(MysqlConnection& connection);

    /// Makes this worker the owner and returns the record; nothing where there is none, and none is
    /// made: the first store() does that. Waits for a transaction of an earlier owner that is still
    /// under way. Throws Error{log_directory} when another worker that is alive holds the task. The
    /// connection must stay open: it holds a lock by name.
    std::optional<std::string> claim(MysqlConnection& connection);

    /// After a reconnect: takes the lock by name again where it can; the token needs no renewal.
    void renew(MysqlConnection& connection);

    /// Moves the record on, in the connection's open transaction. Throws Error{log_directory} when
    /// this worker is no longer the owner.
    void store(MysqlConnection& connection, const std::string& position_json);

    /// The same as a statement to be sent together with others; the rows it matched go to check_stored().
    std::string store_statement(const std::string& position_json) const;
    void check_stored(MysqlConnection& connection, std::uint64_t matched_rows) const;

    /// Locks the row in the open transaction and checks the owner, without moving the record.
    void guard(MysqlConnection& connection);

    /// The record as this worker last left it.
    const std::string& stored() const noexcept { return stored_; }

    /// The transaction with the last store() has been committed.
    void committed(const std::string& position_json) {
        has_row_ = true;
        stored_ = position_json;
    }

  private:
    std::string where() const;
    std::string guarded() const;
    std::string lock_name() const;
    bool take_lock(MysqlConnection& connection, unsigned wait_secs);
    void evict(MysqlConnection& connection, const std::string& owner);
    std::string insert_statement(const std::string& position_json) const;
    [[noreturn]] void throw_not_ours(MysqlConnection& connection) const;

    Options options_;
    std::string table_;
    bool has_owner_ = true;
    bool has_row_ = false;
    std::string stored_;  ///< the record as this worker knows it
};

}  // namespace dts
