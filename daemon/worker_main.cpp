// dts-worker: runs one task in the foreground.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <malloc.h>
#include <signal.h>

#include "daemon/service/open_files.hpp"
#include "daemon/worker/worker_service.hpp"
#include "lib/base/error.hpp"
#include "lib/config/key_table.hpp"
#include "lib/config/task_config.hpp"
#include "lib/task/explain.hpp"
#include "lib/task/sequence_sync.hpp"
#include "lib/task/task.hpp"

namespace {

using namespace dts;

struct Arguments {
    std::string ini;
    std::string defaults;
    std::string log_dir;
    std::string name;
    std::string status_socket;
    bool check = false;
    bool explain = false;
    bool sync_sequences = false;
    bool json = false;
    bool help_config = false;
};

constexpr const char* footer = R"(Exit codes (the ones with * must not be answered by a restart):
   0   done, or stopped on request
  65*  the checkpoint is unreadable or not of this source
  66*  the source no longer holds what follows the checkpoint (a gap)
  69   source or target unreachable after retries
  70   internal fault
  73*  log directory not writable or held, or the task is held by another worker
  74   a position could not be made durable
  76*  a change could not be decoded or applied
  77*  a permission is missing
  78*  bad configuration

A task stopped, killed or crashed resumes at its breakpoint when its ini says
[resumer] resume_from_log=true.)";

/// The ini wins over its defaults, the command line over both.
TaskConfig load(const Arguments& arguments) {
    const std::filesystem::path ini(arguments.ini);
    const std::string name = arguments.name.empty() ? ini.stem().string() : arguments.name;
    std::optional<std::filesystem::path> defaults;
    if (!arguments.defaults.empty()) defaults = arguments.defaults;
    TaskConfig config = load_task_config(ini, name, defaults);
    if (!arguments.log_dir.empty()) config.runtime.log_dir = arguments.log_dir;
    return config;
}

int check(const TaskConfig& config) {
    const Task task(config);
    for (const std::string& note : config.notes) std::cout << "note: " << note << '\n';
    std::cout << "ok: " << config.name << ", task_id " << config.global.task_id << '\n';
    return 0;
}

int explain_start(const TaskConfig& config, bool as_json) {
    const Explanation explanation = explain(config);
    std::cout << (as_json ? explanation.json() + '\n' : explanation.text());
    std::cout.flush();
    require_held(*explanation.decision.position, explanation.decision.holding);
    return 0;
}

int report_sequences(const TaskConfig& config) {
    const SequenceSync sync = sync_sequences(config);
    for (const std::string& line : sync.lines) std::cout << line << '\n';
    std::cout.flush();
    if (sync.missing == 0) return 0;
    throw Error(ErrorKind::data,
                fmt::format("{} columns have no sequence in the target", sync.missing),
                "make them there (ALTER TABLE ... ADD GENERATED ... AS IDENTITY, or a serial's "
                "sequence OWNED BY its column), and repeat");
}

/// --status-socket wins; under systemd RuntimeDirectory= says where.
std::optional<std::filesystem::path> status_socket(const Arguments& arguments) {
    if (!arguments.status_socket.empty()) return arguments.status_socket;
    const char* folder = std::getenv("RUNTIME_DIRECTORY");
    if (folder == nullptr || *folder == '\0') return std::nullopt;
    // Of several, separated by colons, the first.
    const std::string_view folders = folder;
    return std::filesystem::path(folders.substr(0, folders.find(':'))) / "status.sock";
}

int dispatch(const Arguments& arguments) {
    if (arguments.help_config) {
        std::cout << help_config_text();
        return 0;
    }
    if (arguments.ini.empty()) {
        throw Error(ErrorKind::config, "no task ini is given", "dts-worker TASK.ini; see --help");
    }
    TaskConfig config = load(arguments);
    if (arguments.check) return check(config);
    if (arguments.explain) return explain_start(config, arguments.json);
    if (arguments.sync_sequences) return report_sequences(config);
    raise_open_files();
    run_service(std::move(config), status_socket(arguments));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    // Buffers of a megabyte come and go with every group: keep them in the heap.
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of its write

    Arguments arguments;
    CLI::App app(
        "dts-worker: moves one task's data from its source to its target, and resumes at the "
        "breakpoint");
    app.footer(footer);
    app.add_option("TASK.ini", arguments.ini, "the task's settings");
    app.add_option("--defaults", arguments.defaults, "an ini read first, the task's on top of it");
    app.add_option("--log-dir", arguments.log_dir, "wins over [runtime] log_dir");
    app.add_option("--name", arguments.name, "the task's name (default: the ini's, without .ini)");
    app.add_option("--status-socket", arguments.status_socket,
                   "say on this Unix socket what the task is doing, in lines of JSON (default: "
                   "status.sock in $RUNTIME_DIRECTORY, none when that is unset)");
    app.add_flag("--check", arguments.check, "validate the ini and exit");
    app.add_flag("--explain", arguments.explain,
                 "say from where the task would start and why, touch nothing, exit");
    app.add_flag("--sync-sequences", arguments.sync_sequences,
                 "Postgres: move the sequences of the target's serial and identity columns on to "
                 "where the source's are, and exit");
    app.add_flag("--json", arguments.json, "with --explain: as one JSON object");
    app.add_flag("--help-config", arguments.help_config, "every key of an ini, and exit");
    app.set_version_flag("--version", "dts-worker " DTS_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_code_of(ErrorKind::config);
    }
    try {
        return dispatch(arguments);
    } catch (const Error& error) {
        std::cerr << "dts-worker: " << name_of(error.kind()) << " error: " << error.what() << '\n';
        return exit_code_of(error.kind());
    } catch (const std::exception& error) {
        std::cerr << "dts-worker: internal error: " << error.what() << '\n';
        return exit_code_of(ErrorKind::bug);
    }
}
