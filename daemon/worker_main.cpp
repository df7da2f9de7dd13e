// dts-worker: runs one task in the foreground.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <iostream>
#include <malloc.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/config/key_table.hpp"
#include "lib/config/task_config.hpp"
#include "lib/task/explain.hpp"
#include "lib/task/task.hpp"

namespace {

using namespace dts;

struct Arguments {
    std::string ini;
    std::string defaults;
    std::string log_dir;
    std::string name;
    bool check = false;
    bool explain = false;
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

/// Ends the process this long from now, whatever it waits for then: a server that takes connections
/// and never answers, a name that cannot be looked up, a disk that hangs. A task is safe against a
/// kill at any moment, so it is against this.
void end_at_last(unsigned seconds) {
    ::signal(SIGALRM, [](int) {
        constexpr std::string_view note = "dts-worker: stopped without waiting any longer\n";
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, note.data(), note.size());
        ::_exit(0);
    });
    ::alarm(seconds);
}

/// The task runs in a thread of its own; this one waits for signals.
int run(TaskConfig config) {
    constexpr std::chrono::seconds target_patience{7};
    constexpr unsigned all_patience_secs = 9;
    Task task(std::move(config));
    boost::asio::io_context loop;
    boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
    boost::asio::steady_timer patience(loop);
    signals.async_wait([&](const boost::system::error_code& aborted, int) {
        if (aborted) return;
        end_at_last(all_patience_secs);
        task.stop();
        patience.expires_after(target_patience);
        patience.async_wait([&](const boost::system::error_code& cancelled) {
            if (!cancelled) task.interrupt_target();
        });
    });

    std::exception_ptr failure;
    std::jthread worker([&] {
        try {
            task.run();
        } catch (...) {
            failure = std::current_exception();
        }
        boost::asio::post(loop, [&] {
            signals.cancel();
            patience.cancel();
        });
    });
    loop.run();
    worker.join();
    if (failure) std::rethrow_exception(failure);
    return 0;
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
    return run(std::move(config));
}

}  // namespace

int main(int argc, char** argv) {
    // Buffers of a megabyte come and go with every group: keep them in the heap.
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 128 << 20);
    ::signal(SIGPIPE, SIG_IGN);

    Arguments arguments;
    CLI::App app(
        "dts-worker: moves one task's data from its source to its target, and resumes at the "
        "breakpoint");
    app.footer(footer);
    app.add_option("TASK.ini", arguments.ini, "the task's settings");
    app.add_option("--defaults", arguments.defaults, "an ini read first, the task's on top of it");
    app.add_option("--log-dir", arguments.log_dir, "wins over [runtime] log_dir");
    app.add_option("--name", arguments.name, "the task's name (default: the ini's, without .ini)");
    app.add_flag("--check", arguments.check, "validate the ini and exit");
    app.add_flag("--explain", arguments.explain,
                 "say from where the task would start and why, touch nothing, exit");
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
