// What a task reads from. One thread calls open() and next(); interrupt() may come from any thread,
// acknowledge() from the one that records positions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/change/change_batch.hpp"
#include "lib/position/position.hpp"

namespace dts {

/// Tells a source which tables are subscribed, so that it need not decode the others.
using TableSelector = std::function<bool(std::string_view schema, std::string_view table)>;

/// What the source's server says of a position before anything is read or written.
struct Holding {
    bool held = false;
    std::string
        detail;  ///< "binlog.000004 … binlog.000007", or what is missing; for --explain and GAP
    std::string hint;  ///< what the operator can do when it is not held
};

class Source {
  public:
    virtual ~Source() = default;

    /// Checks that the server can be followed (settings, grants, ...). Throws Error{config,
    /// permission} with a HINT for each thing missing, Error{transient} when it can not be reached.
    virtual void preflight() = 0;

    /// What preflight() found that works but that the operator should know, each with what can be
    /// done. For the log, once.
    virtual std::vector<std::string> notes() const { return {}; }

    /// Names the server's data: a checkpoint of another identity must not be used here. One line of
    /// text, stable over restarts of the server.
    virtual std::string identity() = 0;

    /// Can this source have grown out of the one of that identity, by a promotion or a restore?
    virtual bool may_succeed(std::string_view /*earlier*/) { return false; }
    /// Where may_succeed() says so: does the server hold, beside what holds() says, what follows
    /// this position of the earlier one? Not where the two have parted before it.
    virtual Holding succeeds(std::string_view /*earlier*/, const Position& /*position*/) {
        return {};
    }

    /// The start position when nothing else names one.
    virtual PositionPtr current_end() = 0;

    /// Makes at the server what following it from its current end needs and it lacks (Postgres:
    /// publication and slot); where to begin. Only for a start that no position is named for, never
    /// on resume. `end`: what current_end() has said.
    virtual PositionPtr prepare_first_start(const PositionPtr& end) { return end; }

    /// A position given by the task's settings, completed by what the server knows; nothing where
    /// the settings name none.
    virtual PositionPtr configured_start() = 0;

    /// Does the server still hold what follows this position?
    virtual Holding holds(const Position& position) = 0;

    /// The line of default.log users look for ("MysqlCdcExtractor starts, ..."), for this position.
    virtual std::string start_line(const Position& position) const = 0;

    /// Connects and asks for what follows. Throws Error{gap} when the server no longer holds it.
    virtual void open(const PositionPtr& position) = 0;

    /// The next batch; blocks until there is one. Nothing once interrupted. Returns what has
    /// arrived as soon as reading on would block. Throws Error{transient} when the connection is
    /// lost: open() again from a durable position then; what was read of an unfinished transaction
    /// is void.
    virtual ChangeBatchPtr next() = 0;

    /// True while next() waits for a server that has nothing more to send. Any thread.
    virtual bool is_caught_up() const noexcept = 0;

    /// The position is durable at the target: the server may forget what is before it. Any thread;
    /// waits for nothing.
    virtual void acknowledge(const Position& position) = 0;

    /// Wakes next() up, for good: from then on it returns nothing. Any thread.
    virtual void interrupt() noexcept = 0;
};

}  // namespace dts
