// The checkpoint of a task in its target: one row, moved on inside the transactions that apply the
// changes. It carries an owner token: a worker claims the row at start,
// and from then on every transaction of an earlier owner finds its token gone and fails.
//
// The table has the shape of ape-dts's (formats: ARCHITECTURE.md); a table of that shape without
// the owner columns is used too, guarded by the position it held before in place of the token. Used
// by one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.hpp"
#include "lib/checkpoint/position_sql.hpp"

namespace dts {

class PositionTable {
  public:
    struct Options {
        PositionTableName name{"dts_metadata", "task_position"};
        std::string task_id;
        std::string owner_token;  ///< of this worker, new for each process
        std::string owner;        ///< where this worker runs (host and log directory), for messages
        bool take_over = false;   ///< claim the task also from a worker that is alive
        bool held_before = false;  ///< this worker has: what another holds by now stays with it
    };
    explicit PositionTable(Options options);

    /// Reads the record, touching nothing; nothing where table or row do not exist.
    std::optional<std::string> read(PositionSql& sql) const;

    /// Makes the table where it is missing. Throws Error{permission} when the account may not.
    void create(PositionSql& sql);

    /// Makes this worker the owner and returns the record; nothing where there is none, and none is
    /// made: the first store() does that. Waits for a transaction of an earlier owner that is still
    /// under way. Throws Error{log_directory} when another worker that is alive holds the task. The
    /// connection must stay open: it holds a lock by name. None of these three inside a
    /// transaction.
    std::optional<std::string> claim(PositionSql& sql);

    /// What a reconnect finds of a transaction whose COMMIT may have been lost.
    enum class Found {
        committed,      ///< the record says what it was to say
        not_committed,  ///< it says what was committed before
        went_back,  ///< it says something else: commits are lost (a crash, a failover, a backup)
    };
    /// Waits for that transaction where it is still under way; takes the lock by name again where
    /// it can. Throws Error{log_directory} when another worker has taken the task over, and
    /// Error{checkpoint} when the row is gone.
    Found renew(PositionSql& sql, const std::string& position_json);

    /// Moves the record on, in the connection's open transaction. The row must be as this worker
    /// left it: throws as renew() does, and Error{transient} when the record went back.
    void store(PositionSql& sql, const std::string& position_json);

    /// The same as a statement to be sent together with others; the rows it matched go to
    /// check_stored(), when nothing is under way any more.
    std::string store_statement(const PositionSql& sql, const std::string& position_json) const;
    void check_stored(PositionSql& sql, std::uint64_t matched_rows) const;

    /// Locks the row in the open transaction and checks it as store() does, without moving it.
    void guard(PositionSql& sql);

    /// The transaction with the last store() has been committed.
    void committed(const std::string& position_json) {
        has_row_ = true;
        stored_ = position_json;
    }

  private:
    struct Row {
        std::string position, owner_token, owner;
    };

    std::string table(const PositionSql& sql) const;
    std::string where(const PositionSql& sql) const;
    std::string guarded(const PositionSql& sql) const;
    std::optional<Row> read_locked(PositionSql& sql) const;
    const Row& require_ours(const PositionSql& sql, const std::optional<Row>& row) const;
    std::uint64_t lock_key(const PositionSql& sql) const;
    void evict(PositionSql& sql, const std::string& owner);
    [[noreturn]] void throw_not_as_left(PositionSql& sql) const;

    Options options_;
    bool has_owner_ = true;
    bool has_row_ = false;
    std::string stored_;  ///< the record as this worker knows it
};

}  // namespace dts
