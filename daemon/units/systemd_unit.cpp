#include "daemon/units/systemd_unit.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <signal.h>

#include "daemon/bus/bus.hpp"
#include "daemon/folder/task_name.hpp"

namespace dts {

namespace {

constexpr std::string_view prefix = "dts@";
constexpr std::string_view suffix = ".service";
constexpr const char* unit_root = "/org/freedesktop/systemd1/unit";

struct Freed {
    void operator()(char* text) const noexcept { std::free(text); }
};
using CText = std::unique_ptr<char, Freed>;

std::string read_text(sd_bus_message* message) {
    const char* text = nullptr;
    bus_check(sd_bus_message_read(message, "v", "s", &text), "reading a property");
    return text;
}

template <typename Number>
Number read_number(sd_bus_message* message, const char* type) {
    Number number{};
    bus_check(sd_bus_message_read(message, "v", type, &number), "reading a property");
    return number;
}

}  // namespace

std::string unit_name_of(std::string_view task) {
    return std::string(prefix).append(task).append(suffix);
}

std::optional<std::string> task_of_unit(std::string_view unit) {
    if (!unit.starts_with(prefix) || !unit.ends_with(suffix)) return std::nullopt;
    if (unit.size() < prefix.size() + suffix.size()) return std::nullopt;
    unit.remove_prefix(prefix.size());
    unit.remove_suffix(suffix.size());
    if (!is_task_name(unit)) return std::nullopt;
    return std::string(unit);
}

std::string unit_path_of(std::string_view task) {
    char* path = nullptr;
    bus_check(sd_bus_path_encode(unit_root, unit_name_of(task).c_str(), &path), "naming a unit");
    return CText(path).get();
}

std::optional<std::string> task_of_unit_path(const char* path) {
    char* unit = nullptr;
    if (sd_bus_path_decode(path, unit_root, &unit) <= 0) return std::nullopt;
    return task_of_unit(CText(unit).get());
}

std::map<std::string, std::string> read_unit_list(sd_bus_message* reply) {
    std::map<std::string, std::string> units;
    bus_check(sd_bus_message_enter_container(reply, 'a', "(ssssssouso)"), "reading the units");
    while (sd_bus_message_enter_container(reply, 'r', "ssssssouso") > 0) {
        const char* unit = nullptr;
        const char* active = nullptr;
        bus_check(sd_bus_message_read(reply, "ssss", &unit, nullptr, nullptr, &active),
                  "reading a unit");
        bus_check(sd_bus_message_skip(reply, "ssouso"), "reading a unit");
        bus_check(sd_bus_message_exit_container(reply), "reading a unit");
        if (auto task = task_of_unit(unit)) units.emplace(std::move(*task), active);
    }
    return units;
}

std::string job_failure(const UnitState& state, std::string_view result) {
    if (result == "canceled") return "another request came in between";
    if (state.exit_code) return fmt::format("it ended with exit code {}", *state.exit_code);
    if (state.signal) return fmt::format("it was ended by signal {}", *state.signal);
    if (!state.detail.empty()) return state.detail;
    return fmt::format("the job ended as {}", result);
}

void SystemdUnit::read_properties(sd_bus_message* message) {
    bus_check(sd_bus_message_enter_container(message, 'a', "{sv}"), "reading properties");
    while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
        const char* text = nullptr;
        bus_check(sd_bus_message_read(message, "s", &text), "reading a property's name");
        const std::string_view name = text;
        if (name == "ActiveState") {
            active_state_ = read_text(message);
        } else if (name == "SubState") {
            sub_state_ = read_text(message);
        } else if (name == "Result") {
            result_ = read_text(message);
        } else if (name == "StateChangeTimestamp") {
            // Zero for a unit that was loaded anew and has done nothing since.
            const auto since = read_number<std::uint64_t>(message, "t");
            if (since != 0) since_us_ = since;
        } else if (name == "MainPID") {
            main_pid_ = read_number<std::uint32_t>(message, "u");
        } else if (name == "ExecMainCode") {
            exit_kind_ = read_number<std::int32_t>(message, "i");
        } else if (name == "ExecMainStatus") {
            exit_status_ = read_number<std::int32_t>(message, "i");
        } else if (name == "NRestarts") {
            restarts_ = read_number<std::uint32_t>(message, "u");
        } else if (name == "Job") {
            const char* path = nullptr;
            bus_check(sd_bus_message_read(message, "v", "(uo)", &job_, &path), "reading the job");
        } else {
            bus_check(sd_bus_message_skip(message, "v"), "skipping a property");
        }
        bus_check(sd_bus_message_exit_container(message), "reading properties");
    }
    bus_check(sd_bus_message_exit_container(message), "reading properties");
    remember_end();
}

/// systemd forgets how the last run ended as soon as the next one starts.
void SystemdUnit::remember_end() {
    if (active_state_ == "deactivating" && result_ == "success") asked_to_stop_ = true;
    if (active_state_ == "active" || active_state_ == "activating" || active_state_ == "failed") {
        asked_to_stop_ = false;
    }
    if (exit_kind_ == 0 || asked_to_stop_) return;
    exit_code_.reset();
    signal_.reset();
    if (exit_kind_ == CLD_EXITED) {
        exit_code_ = exit_status_;
    } else {
        signal_ = exit_status_;
    }
}

void SystemdUnit::removed() {
    if (active_state_ != "failed") active_state_ = "inactive";
    sub_state_ = "dead";
    main_pid_ = 0;
    job_ = 0;
}

void SystemdUnit::forget_last_end() {
    exit_kind_ = 0;
    exit_code_.reset();
    signal_.reset();
    asked_to_stop_ = false;
}

UnitState::Active SystemdUnit::active() const {
    using Active = UnitState::Active;
    if (active_state_ == "active" || active_state_ == "reloading") return Active::running;
    if (active_state_ == "deactivating") return Active::stopping;
    if (active_state_ == "activating") {
        return sub_state_ == "auto-restart" ? Active::restarting : Active::starting;
    }
    // Between the two halves of a restart, and while other jobs go first.
    if (job_ != 0) return Active::starting;
    return active_state_ == "inactive" ? Active::inactive : Active::failed;
}

UnitState SystemdUnit::state() const {
    UnitState state;
    state.active = active();
    state.pid = main_pid_;
    state.exit_code = exit_code_;
    state.signal = signal_;
    state.restarts = restarts_;
    state.since_us = static_cast<std::int64_t>(since_us_);
    if (result_ != "success") state.detail = result_;
    return state;
}

}  // namespace dts
