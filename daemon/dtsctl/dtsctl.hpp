// The commands of dtsctl. Each returns its exit code; what goes wrong beyond that is thrown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/control/control_client.hpp"
#include "daemon/dtsctl/task_text.hpp"
#include "daemon/units/backend_factory.hpp"

namespace dts::ctl {

enum Code : int {
    ok = 0,
    not_running = 1,  ///< status: it does not run, or has failed; position: there is none
    bad_usage = 2,
    no_task = 3,
    no_daemon = 4,
    refused = 5,  ///< the daemon could not do it
    not_allowed = 77,
    bad_ini = 78,
};

struct Settings {
    DaemonPlaces places;
    bool json = false;
    bool colour = false;
};

/// Says what went wrong, and gives the code of it.
int say_refusal(const ControlRefusal& refusal);
/// `dtsctl: TEXT` on standard error.
void say(const std::string& text);
/// Says that the daemon is not there, and what is done instead.
void say_offline(const Settings& settings, const std::string& why);
/// The error of what cannot be done without the daemon.
int say_no_daemon(const Settings& settings, const std::string& why);

/// The views in the answer to list or watch.
std::vector<ShownTask> shown_tasks(std::string_view json);
ShownTask shown_task(TaskView view);
TextStyle style_of(const Settings& settings);

int list(const Settings& settings);
int status(const Settings& settings, const std::string& task);
int position(const Settings& settings, const std::string& task);
int explain(const Settings& settings, const std::string& task);
/// `call`: start, stop, restart. All at the same time.
int act(const Settings& settings, const std::string& call, const std::vector<std::string>& tasks);
int validate(const Settings& settings, const std::string& file);
int logs(const Settings& settings, const std::string& task, std::size_t lines, bool follow);
int watch(const Settings& settings);

}  // namespace dts::ctl
