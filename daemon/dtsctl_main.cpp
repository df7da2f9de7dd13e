// dtsctl: the operator's hand.
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <iostream>
#include <signal.h>
#include <unistd.h>

#include "daemon/dtsctl/dtsctl.hpp"
#include "lib/base/error.hpp"

namespace {

using namespace dts;

constexpr const char* footer = R"(Exit codes:
   0  done; status: the task runs
   1  status: the task does not run, or has failed; position: none is recorded
   2  wrong usage
   3  there is no such task
   4  dtsd is not there, and the command needs it (list, status, position, explain, validate and logs
      do without: they read the folder of the tasks and the log directories)
   5  the daemon could not do it; what it says is on standard error
  77  not allowed: start, stop and restart are for root and the group dts
  78  validate: the ini cannot be used
explain ends with the code that the task would end with.)";

struct Arguments {
    std::string run_dir = "/run/dtsd";
    std::string config = "/etc/dts/dts.conf";
    std::string tasks = "/etc/dts/tasks.d";
    std::string log_dir = "/var/log/dts";
    std::string worker = "/usr/bin/dts-worker";
    bool json = false;
    bool no_colour = false;

    std::string task;
    std::vector<std::string> several;
    std::string file;
    std::size_t lines = 20;
    bool follow = false;
};

ctl::Settings settings_of(const Arguments& arguments) {
    const auto absolute = [](const std::string& path) {
        return std::filesystem::absolute(path).lexically_normal();
    };
    ctl::Settings settings;
    settings.places.run_folder = absolute(arguments.run_dir);
    settings.places.tasks_folder = absolute(arguments.tasks);
    settings.places.defaults = absolute(arguments.config);
    if (!std::filesystem::exists(*settings.places.defaults)) settings.places.defaults.reset();
    settings.places.log_root = absolute(arguments.log_dir);
    settings.places.worker = absolute(arguments.worker);
    settings.json = arguments.json;
    settings.colour =
        !arguments.no_colour && std::getenv("NO_COLOR") == nullptr && ::isatty(STDOUT_FILENO) == 1;
    return settings;
}

/// Each command is called when it was chosen; its code goes to `code`.
void add_commands(CLI::App& app, Arguments& arguments, int& code) {
    const auto add = [&](const char* name, const char* help, auto run) {
        CLI::App* const command = app.add_subcommand(name, help);
        command->callback([&arguments, &code, run] { code = run(settings_of(arguments)); });
        return command;
    };
    const auto with_task = [&](CLI::App* command) {
        command->add_option("TASK", arguments.task, "the task's name")->required();
        return command;
    };
    add("list", "all tasks in a table",
        [](const ctl::Settings& settings) { return ctl::list(settings); });
    with_task(add("status", "everything about one task", [&arguments](const auto& settings) {
        return ctl::status(settings, arguments.task);
    }));
    with_task(add(
        "position", "its last checkpoint, as a record of JSON",
        [&arguments](const auto& settings) { return ctl::position(settings, arguments.task); }));
    with_task(
        add("explain", "from where it would resume and why; touches nothing",
            [&arguments](const auto& settings) { return ctl::explain(settings, arguments.task); }));
    const std::pair<const char*, const char*> actions[] = {
        {"start", "starts tasks, also those that have failed; waits until they stream"},
        {"stop", "stops tasks until they are started again"},
        {"restart", "stops and starts tasks: they resume where they were"}};
    for (const auto& [name, help] : actions) {
        add(name, help,
            [&arguments, call = std::string(name)](const auto& settings) {
                return ctl::act(settings, call, arguments.several);
            })
            ->add_option("TASK", arguments.several, "the tasks' names")
            ->required();
    }
    add("validate", "whether an ini could be used, beside those that are",
        [&arguments](const auto& settings) { return ctl::validate(settings, arguments.file); })
        ->add_option("FILE", arguments.file, "NAME.ini")
        ->required();
    CLI::App* const logs =
        with_task(add("logs", "the end of its default.log", [&arguments](const auto& settings) {
            return ctl::logs(settings, arguments.task, arguments.lines, arguments.follow);
        }));
    logs->add_option("-n,--lines", arguments.lines, "how many lines")->capture_default_str();
    logs->add_flag("-f,--follow", arguments.follow, "goes on with what is written from now on");
    add("watch", "the table of list, kept up to date; lines of changes when not on a terminal",
        [](const ctl::Settings& settings) { return ctl::watch(settings); });
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    ::signal(SIGPIPE, SIG_DFL);
    Arguments arguments;
    int code = ctl::ok;
    CLI::App app("dtsctl: shows and steers the tasks of dtsd");
    app.footer(footer);
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--run-dir", arguments.run_dir, "dtsd's runtime folder, where its socket is")
        ->capture_default_str();
    app.add_flag("--json", arguments.json, "JSON instead of text");
    app.add_flag("--no-colour,--no-color", arguments.no_colour, "no colours, also on a terminal");
    const char* const offline = "when dtsd is not there";
    app.add_option("--config", arguments.config, "dts.conf")->capture_default_str()->group(offline);
    app.add_option("--tasks", arguments.tasks, "the folder of the tasks")
        ->capture_default_str()
        ->group(offline);
    app.add_option("--log-dir", arguments.log_dir, "the tasks' log directories")
        ->capture_default_str()
        ->group(offline);
    app.add_option("--worker", arguments.worker, "for explain")
        ->capture_default_str()
        ->group(offline);
    app.set_version_flag("--version", "dtsctl " DTS_VERSION);
    add_commands(app, arguments, code);
    try {
        app.parse(argc, argv);
        return code;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? ctl::ok : ctl::bad_usage;
    } catch (const Error& error) {
        ctl::say(error.what());
        if (error.kind() == ErrorKind::permission) return ctl::not_allowed;
        return error.kind() == ErrorKind::unreachable ? ctl::no_daemon : ctl::refused;
    } catch (const std::exception& error) {
        ctl::say(error.what());
        return ctl::refused;
    }
}
