// The figures of reading a backlog without a target, and their table.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "test/servers/worker_process.hpp"

namespace dts::bench {

struct ReadRun {
    double rows_per_second = 0;
    double cpu = 0;
    double source_cpu = 0;
    double sender_cpu = 0;  ///< of the source's, the process that sends (Postgres: walsender)
    double peak_mib = 0;
};

/// A worker without a target says once a second how far it is. When exactly it was through shows in
/// its CPU time: from then on it uses none. Timed from its line `start_line`; `wait` returns when
/// its position is behind the backlog. `source`: the server's process.
ReadRun time_reading_worker(const test::TaskIni& ini, pid_t source, unsigned rows,
                            const std::string& start_line,
                            const std::function<void(test::WorkerProcess&)>& wait);

/// The ratios are to the first of them.
void print_read_runs(const std::string& title,
                     const std::vector<std::pair<std::string, std::vector<ReadRun>>>& all);

}  // namespace dts::bench
