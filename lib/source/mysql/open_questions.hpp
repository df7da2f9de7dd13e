// The connections over which a server is asked something while a task runs. They wait for answers
// that may never come: interrupt() ends them all, for good, from any thread.
#pragma once

#include <mutex>
#include <vector>

#include "lib/client/mysql_client.hpp"

namespace dts {

class OpenQuestions {
  public:
    /// Those that wait see a lost connection, later ones are not opened. Any thread.
    void interrupt() noexcept;

  private:
    friend class AskedConnection;
    void add(MysqlConnection& connection);
    void remove(MysqlConnection& connection) noexcept;

    std::mutex mutex_;
    std::vector<MysqlConnection*> connections_;
    bool interrupted_ = false;
};

/// A connection that is known to `questions`, which must outlive it. Only connecting itself can not
/// be interrupted: it has its own time-out.
class AskedConnection : public MysqlConnection {
  public:
    /// Throws as MysqlConnection does; Error{transient} once interrupted.
    AskedConnection(const MysqlEndpoint& endpoint, OpenQuestions& questions);
    ~AskedConnection() { questions_.remove(*this); }

  private:
    OpenQuestions& questions_;
};

}  // namespace dts
