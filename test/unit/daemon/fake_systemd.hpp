// org.freedesktop.systemd1 as far as dtsd speaks with it: units with properties, jobs, signals.
// The test says what happens to a unit; the fake only keeps and sends it, as systemd 252 does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "test/unit/daemon/private_bus.hpp"

namespace dts::test {

struct FakeUnit {
    std::string active = "inactive";
    std::string sub = "dead";
    std::string result = "success";
    std::uint64_t since_us = 1000;
    std::uint32_t main_pid = 0;
    std::int32_t exit_kind = 0;  ///< CLD_EXITED and so on
    std::int32_t exit_status = 0;
    std::uint32_t restarts = 0;
    std::uint32_t job = 0;
    std::string status_text;
};

class FakeSystemd {
  public:
    explicit FakeSystemd(const std::string& address);

    /// Without a signal: how it is before anybody looks.
    void put(const std::string& unit, const FakeUnit& state);
    /// It is loaded: UnitNew, as systemd sends it instead of the first change.
    void load(const std::string& unit, const FakeUnit& state);
    /// PropertiesChanged: the service's, then the unit's.
    void change(const std::string& unit, const FakeUnit& state);
    void remove(const std::string& unit);
    void finish_job(const std::string& unit, const std::string& result);

    /// The next job is over, with this result, before its request is replied to.
    void finish_next_job_early(const std::string& unit_result);
    /// Requests for jobs are refused with this error from now on.
    void refuse(std::optional<std::string> error_name);

    /// "StartUnit dts@a.service", ... in their order.
    std::vector<std::string> calls();
    bool has_call(const std::string& call);
    void forget_calls();

  private:
    friend int on_manager_call(sd_bus_message*, void*, sd_bus_error*) noexcept;
    friend int on_unit_call(sd_bus_message*, void*, sd_bus_error*) noexcept;
    int manager_call(sd_bus_message* message);
    int unit_call(sd_bus_message* message);
    int make_job(sd_bus_message* message, const std::string& unit);
    void note(const std::string& call);
    void send_job_removed(sd_bus* bus, std::uint32_t id, const std::string& unit,
                          const std::string& result);

    std::mutex mutex_;
    std::vector<std::string> calls_;

    // Of the thread:
    std::map<std::string, FakeUnit> units_;
    std::map<std::string, std::uint32_t> jobs_;
    std::uint32_t last_job_ = 0;
    std::optional<std::string> early_result_;
    std::optional<std::string> refusal_;
    BusThread thread_;
};

}  // namespace dts::test
