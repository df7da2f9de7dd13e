#include "daemon/units/backend_factory.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>

#include <cstdlib>

#include "daemon/units/process_backend.hpp"
#include "daemon/units/systemd_backend.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

std::unique_ptr<UnitBackend> systemd_backend(boost::asio::io_context& loop,
                                             const DaemonPlaces& places,
                                             const std::function<void(const std::string&)>& log) {
    SystemdBackendOptions options;
    options.log_root = places.log_root;
    options.run_root = runtime_root_of(places.run_folder);
    options.on_bus = [log](const std::string& problem) {
        log(problem.empty() ? "the system bus is back" : problem);
    };
    return make_systemd_backend(loop, std::move(options));
}

bool is_system_service() noexcept {
    struct Free {
        void operator()(char* text) const noexcept { std::free(text); }
    };
    if (::sd_booted() <= 0) return false;
    char* name = nullptr;
    // A user's own services stand below a unit of the system, too.
    if (::sd_pid_get_user_unit(0, &name) >= 0) {
        std::unique_ptr<char, Free>{name};
        return false;
    }
    if (::sd_pid_get_unit(0, &name) < 0) return false;
    const std::unique_ptr<char, Free> unit(name);
    return std::string_view(name).ends_with(".service");
}

}  // namespace

std::filesystem::path runtime_root_of(const std::filesystem::path& run_folder) {
    return run_folder == "/run/dtsd" ? std::filesystem::path("/run/dts") : run_folder / "tasks";
}

bool uses_systemd(const std::string& kind) noexcept {
    return kind == "systemd" || (kind == "auto" && is_system_service());
}

std::unique_ptr<UnitBackend> make_backend(boost::asio::io_context& loop, const std::string& kind,
                                          const DaemonPlaces& places,
                                          std::function<void(const std::string&)> log) {
    if (uses_systemd(kind)) return systemd_backend(loop, places, log);
    ProcessBackendOptions options;
    options.worker = places.worker;
    options.tasks_folder = places.tasks_folder;
    options.defaults = places.defaults;
    options.log_root = places.log_root;
    options.runtime_root = runtime_root_of(places.run_folder);
    options.notify_socket = places.run_folder / "notify.sock";
    options.log = std::move(log);
    return make_process_backend(loop, std::move(options));
}

}  // namespace dts
