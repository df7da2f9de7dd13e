// Several connections that change the load tables of a source all the time, each transaction by
// chance: 1 to 5,000 rows, committed or rolled back, and transfers of the bank. It runs in threads
// of its own at a given rate, and goes on when the source was away.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "test/fault/chance.hpp"
#include "test/fault/load_tables.hpp"
#include "test/servers/sql_server.hpp"

namespace dts::test {

class MixedLoad {
  public:
    struct Options {
        unsigned writers = 4;
        unsigned transactions_per_second = 160;  ///< of all writers together
        int large_one_in = 60;                   ///< so many transactions is one of up to
        int most_rows = 5000;                    ///< rows
    };
    /// Opens the bank, and begins. The source must outlive it.
    MixedLoad(const SqlServer& source, const Chance& chance, Options options);
    MixedLoad(const SqlServer& source, const Chance& chance)
        : MixedLoad(source, chance, Options()) {}
    MixedLoad(const MixedLoad&) = delete;
    MixedLoad& operator=(const MixedLoad&) = delete;
    ~MixedLoad();

    /// Returns when no writer writes any more. Throws what ended a writer before, if one was.
    void stop();

    std::uint64_t committed() const noexcept { return committed_; }
    std::uint64_t rolled_back() const noexcept { return rolled_back_; }

  private:
    void write(const std::stop_token& stop, unsigned writer, Chance chance);
    void write_one(SqlSession& session, unsigned writer, Chance& chance);

    const SqlServer& source_;
    const LoadTables& tables_;
    const Options options_;
    std::atomic<std::uint64_t> committed_{0};
    std::atomic<std::uint64_t> rolled_back_{0};
    std::mutex failure_mutex_;
    std::exception_ptr failure_;
    std::vector<std::jthread> writers_;
};

}  // namespace dts::test
