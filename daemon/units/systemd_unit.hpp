// One dts@NAME.service as systemd's D-Bus properties describe it, and what that means for a task.
#pragma once

#include <systemd/sd-bus.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/units/unit_backend.hpp"

namespace dts {

/// "dts@task1.service".
std::string unit_name_of(std::string_view task);
/// Nothing for the name of another unit, or of an instance that no task can have.
std::optional<std::string> task_of_unit(std::string_view unit);
/// The unit's object on the bus.
std::string unit_path_of(std::string_view task);
/// The task of such an object; nothing for another one.
std::optional<std::string> task_of_unit_path(const char* path);

/// The tasks in a reply to ListUnitsByPatterns, and the ActiveState of each.
std::map<std::string, std::string> read_unit_list(sd_bus_message* reply);

/// Why a job did not come to what was asked for: its result, and what the unit came to.
std::string job_failure(const UnitState& state, std::string_view result);

class SystemdUnit {
  public:
    /// Takes what it knows from the a{sv} that the message stands at; the rest is skipped.
    void read_properties(sd_bus_message* message);
    /// systemd has dropped the unit: it does not run.
    void removed();
    /// Somebody has asked for a start: what ended earlier runs is history.
    void forget_last_end();

    UnitState state() const;

  private:
    UnitState::Active active() const;
    void remember_end();

    std::string active_state_ = "inactive";
    std::string sub_state_ = "dead";
    std::string result_ = "success";
    std::uint64_t since_us_ = 0;
    std::uint32_t job_ = 0;
    std::uint32_t main_pid_ = 0;
    std::int32_t exit_kind_ = 0;  ///< CLD_EXITED and so on; 0 while it runs
    std::int32_t exit_status_ = 0;
    std::uint32_t restarts_ = 0;
    bool asked_to_stop_ = false;
    std::optional<int> exit_code_;
    std::optional<int> signal_;
};

}  // namespace dts
