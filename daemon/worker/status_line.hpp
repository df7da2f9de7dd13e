// What a task is doing, in one line for a person: `systemctl status` shows it.
#pragma once

#include <string>
#include <string_view>

#include "lib/control/worker_status.hpp"

namespace dts {

/// "caught up, binlog.000004:73685, lag 0.0 s, 1.2k changes/s"; "retrying: REASON, binlog.…".
std::string status_line(const WorkerStatus& status);

/// A position's JSON as a person reads it: "binlog.000004:73685", a GTID set, an LSN; "" for none.
std::string short_position(std::string_view json);

/// "0", "950", "1.2k", "3.4M".
std::string short_count(double count);

}  // namespace dts
