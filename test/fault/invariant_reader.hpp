// Looks at the target all the time, each look one snapshot: the bank's money is all there, and the
// ledger has as many entries as its counters say. A part of a transaction, one applied twice and
// one left out would each be seen, also when it is put right later.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "test/servers/sql_server.hpp"

namespace dts::test {

class InvariantReader {
  public:
    /// Begins; the load tables must be there, and the target outlive it.
    explicit InvariantReader(const SqlServer& target);

    /// Ends it. What it saw broken first; empty when nothing was.
    std::string stop();

    /// How many looks saw the bank, while the target could be reached.
    std::uint64_t looks() const noexcept { return looks_; }

  private:
    void run(const std::stop_token& stop);
    void look(SqlSession& session);
    void note(std::string text);

    const SqlServer& target_;
    std::atomic<std::uint64_t> looks_{0};
    bool is_open_ = false;  ///< the bank was seen: it must stay
    std::mutex broken_mutex_;
    std::string broken_;
    std::jthread thread_;
};

}  // namespace dts::test
