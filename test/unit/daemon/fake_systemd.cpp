#include "test/unit/daemon/fake_systemd.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace dts::test {

namespace {

constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager = "org.freedesktop.systemd1.Manager";
constexpr const char* unit_root = "/org/freedesktop/systemd1/unit";
constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
constexpr const char* properties = "org.freedesktop.DBus.Properties";

struct Freed {
    void operator()(char* text) const noexcept { std::free(text); }
};
struct Unref {
    void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, Unref>;

std::string path_of(const std::string& unit) {
    char* path = nullptr;
    sd_bus_path_encode(unit_root, unit.c_str(), &path);
    return std::unique_ptr<char, Freed>(path).get();
}

std::string job_path(std::uint32_t id) {
    return fmt::format("/org/freedesktop/systemd1/job/{}", id);
}

void append_properties(sd_bus_message* to, const FakeUnit& unit, const std::string& interface) {
    if (interface == service_interface) {
        sd_bus_message_append(to, "a{sv}", 7, "Type", "s", "notify", "Result", "s",
                              unit.result.c_str(), "MainPID", "u", unit.main_pid, "NRestarts", "u",
                              unit.restarts, "ExecMainCode", "i", unit.exit_kind, "ExecMainStatus",
                              "i", unit.exit_status, "StatusText", "s", unit.status_text.c_str());
    } else {
        sd_bus_message_append(
            to, "a{sv}", 5, "ActiveState", "s", unit.active.c_str(), "SubState", "s",
            unit.sub.c_str(), "StateChangeTimestamp", "t", unit.since_us, "Job", "(uo)", unit.job,
            unit.job == 0 ? "/" : job_path(unit.job).c_str(), "Names", "as", 1, "x.service");
    }
}

void send_unit_signal(sd_bus* bus, const char* member, const std::string& unit) {
    sd_bus_emit_signal(bus, manager_path, manager, member, "so", unit.c_str(),
                       path_of(unit).c_str());
}

}  // namespace

int on_manager_call(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
    return static_cast<FakeSystemd*>(data)->manager_call(message);
}
int on_unit_call(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
    return static_cast<FakeSystemd*>(data)->unit_call(message);
}

FakeSystemd::FakeSystemd(const std::string& address)
    : thread_(address, [this](sd_bus* bus) {
          sd_bus_add_object(bus, nullptr, manager_path, on_manager_call, this);
          sd_bus_add_fallback(bus, nullptr, unit_root, on_unit_call, this);
          if (sd_bus_request_name(bus, "org.freedesktop.systemd1", 0) < 0) {
              throw std::runtime_error("the name cannot be had");
          }
      }) {}

void FakeSystemd::put(const std::string& unit, const FakeUnit& state) {
    thread_.run([&](sd_bus*) { units_[unit] = state; });
}

void FakeSystemd::load(const std::string& unit, const FakeUnit& state) {
    thread_.run([&](sd_bus* bus) {
        units_[unit] = state;
        send_unit_signal(bus, "UnitNew", unit);
    });
}

void FakeSystemd::change(const std::string& unit, const FakeUnit& state) {
    thread_.run([&](sd_bus* bus) {
        units_[unit] = state;
        for (const char* interface : {service_interface, unit_interface}) {
            sd_bus_message* made = nullptr;
            sd_bus_message_new_signal(bus, &made, path_of(unit).c_str(), properties,
                                      "PropertiesChanged");
            const Message signal(made);
            sd_bus_message_append(made, "s", interface);
            append_properties(made, state, interface);
            sd_bus_message_append(made, "as", 0);
            sd_bus_send(bus, made, nullptr);
        }
    });
}

void FakeSystemd::remove(const std::string& unit) {
    thread_.run([&](sd_bus* bus) {
        units_.erase(unit);
        send_unit_signal(bus, "UnitRemoved", unit);
    });
}

void FakeSystemd::send_job_removed(sd_bus* bus, std::uint32_t id, const std::string& unit,
                                   const std::string& result) {
    sd_bus_emit_signal(bus, manager_path, manager, "JobRemoved", "uoss", id, job_path(id).c_str(),
                       unit.c_str(), result.c_str());
}

void FakeSystemd::finish_job(const std::string& unit, const std::string& result) {
    thread_.run([&](sd_bus* bus) { send_job_removed(bus, jobs_.at(unit), unit, result); });
}

void FakeSystemd::finish_next_job_early(const std::string& unit_result) {
    thread_.run([&](sd_bus*) { early_result_ = unit_result; });
}

void FakeSystemd::refuse(std::optional<std::string> error_name) {
    thread_.run([&](sd_bus*) { refusal_ = std::move(error_name); });
}

void FakeSystemd::note(const std::string& call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(call);
}

std::vector<std::string> FakeSystemd::calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
}

bool FakeSystemd::has_call(const std::string& call) {
    const auto all = calls();
    return std::ranges::find(all, call) != all.end();
}

void FakeSystemd::forget_calls() {
    const std::lock_guard lock(mutex_);
    calls_.clear();
}

int FakeSystemd::manager_call(sd_bus_message* message) {
    const char* member = sd_bus_message_get_member(message);
    if (!sd_bus_message_is_method_call(message, manager, nullptr)) return 0;
    const std::string_view name = member;
    if (name == "Subscribe") {
        note("Subscribe");
        return sd_bus_reply_method_return(message, "");
    }
    if (name == "ListUnitsByPatterns") {
        std::string pattern;
        sd_bus_message_skip(message, "as");
        sd_bus_message_enter_container(message, 'a', "s");
        const char* text = nullptr;
        sd_bus_message_read(message, "s", &text);
        pattern = text;
        sd_bus_message_exit_container(message);
        note("ListUnitsByPatterns " + pattern);
        sd_bus_message* made = nullptr;
        sd_bus_message_new_method_return(message, &made);
        const Message reply(made);
        sd_bus_message_open_container(made, 'a', "(ssssssouso)");
        for (const auto& [unit, state] : units_) {
            if (pattern != "dts@*.service" && pattern != unit) continue;
            sd_bus_message_append(made, "(ssssssouso)", unit.c_str(), "a task", "loaded",
                                  state.active.c_str(), state.sub.c_str(), "",
                                  path_of(unit).c_str(), 0, "", "/");
        }
        sd_bus_message_close_container(made);
        return sd_bus_send(sd_bus_message_get_bus(message), made, nullptr);
    }
    const char* unit = nullptr;
    sd_bus_message_read(message, "s", &unit);
    note(fmt::format("{} {}", name, unit));
    if (refusal_) return sd_bus_reply_method_errorf(message, refusal_->c_str(), "Access denied");
    if (name == "ResetFailedUnit" || (name == "StopUnit" && !units_.contains(unit))) {
        if (units_.contains(unit)) return sd_bus_reply_method_return(message, "");
        return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.NoSuchUnit",
                                          "Unit %s not loaded.", unit);
    }
    return make_job(message, unit);
}

int FakeSystemd::make_job(sd_bus_message* message, const std::string& unit) {
    const std::uint32_t id = ++last_job_;
    jobs_[unit] = id;
    if (early_result_) {
        send_job_removed(sd_bus_message_get_bus(message), id, unit, *early_result_);
        early_result_.reset();
    }
    return sd_bus_reply_method_return(message, "o", job_path(id).c_str());
}

int FakeSystemd::unit_call(sd_bus_message* message) {
    if (!sd_bus_message_is_method_call(message, properties, "GetAll")) return 0;
    char* name = nullptr;
    if (sd_bus_path_decode(sd_bus_message_get_path(message), unit_root, &name) <= 0) return 0;
    const std::unique_ptr<char, Freed> unit(name);
    const char* interface = nullptr;
    sd_bus_message_read(message, "s", &interface);
    sd_bus_message* made = nullptr;
    sd_bus_message_new_method_return(message, &made);
    const Message reply(made);
    note(fmt::format("GetAll {}", unit.get()));
    sd_bus* bus = sd_bus_message_get_bus(message);
    const auto found = units_.find(unit.get());
    // To look at a unit that is not loaded loads it for a moment.
    if (found == units_.end()) send_unit_signal(bus, "UnitNew", unit.get());
    append_properties(made, found == units_.end() ? FakeUnit{} : found->second, interface);
    const int sent = sd_bus_send(bus, made, nullptr);
    if (found == units_.end()) send_unit_signal(bus, "UnitRemoved", unit.get());
    return sent;
}

}  // namespace dts::test
