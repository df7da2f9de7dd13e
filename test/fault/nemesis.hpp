// Kills a worker again and again, at moments by chance, and counts what each kill hit: a run whose
// faults did not happen proves nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "test/fault/chance.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::test {

struct KillCount {
    unsigned kills = 0;
    unsigned streaming = 0;     ///< the worker had begun to stream
    unsigned inside_apply = 0;  ///< the target held an open transaction with changes of it; counted
                                ///< where the worker was frozen first, which is every other time
    std::string text() const;
};

class Nemesis {
  public:
    Nemesis(SqlServer& target, Chance& chance) : target_(target), chance_(chance) {}

    /// Starts a worker and kills it with SIGKILL: most times up to `most` after it began to stream,
    /// now and then while it starts. Throws when it ends by itself.
    void kill_one(const TaskIni& ini, const std::filesystem::path& folder,
                  std::chrono::milliseconds most);
    /// Until that many have hit a worker that streams.
    void kill_streaming(unsigned kills, const TaskIni& ini, const std::filesystem::path& folder,
                        std::chrono::milliseconds most = std::chrono::milliseconds(1200));

    /// Is called behind each kill, when the worker is gone.
    void after_each_kill(std::function<void()> check) { after_kill_ = std::move(check); }

    const KillCount& count() const noexcept { return count_; }

  private:
    SqlServer& target_;
    Chance& chance_;
    std::function<void()> after_kill_;
    KillCount count_;
};

}  // namespace dts::test
