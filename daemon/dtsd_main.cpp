// dtsd: keeps the tasks of a folder running.
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <iostream>
#include <map>
#include <signal.h>
#include <time.h>

#include "daemon/bus/bus_object.hpp"
#include "daemon/control/control_socket.hpp"
#include "daemon/page/http_server.hpp"
#include "daemon/service/about_daemon.hpp"
#include "daemon/service/journal.hpp"
#include "daemon/service/notify.hpp"
#include "daemon/service/open_files.hpp"
#include "daemon/service/run_folder.hpp"
#include "daemon/supervisor/supervisor.hpp"
#include "daemon/units/backend_factory.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"

namespace {

using namespace dts;

constexpr const char* footer =
    R"(Signals: SIGHUP reads dts.conf and the folder again (changes are seen by themselves); SIGTERM and
SIGINT end dtsd: systemd's workers go on and are adopted by the next one, its own are stopped
cleanly; a second one does not wait for them.

Exit codes: 0 ended on request; 69 no bus, or no systemd on it; 70 internal fault; 73 the run
folder is not usable or held by another dtsd; 78 bad options.)";

struct Arguments {
    std::string config = "/etc/dts/dts.conf";
    std::string tasks = "/etc/dts/tasks.d";
    std::string backend = "auto";
    std::string run_dir = "/run/dtsd";
    std::string log_dir = "/var/log/dts";
    std::string worker;
    std::string metrics_address = "127.0.0.1:9464";
    bool config_is_given = false;
};

/// The journal adds the time by itself.
void log(const std::string& text) {
    static const bool in_journal = stderr_is_journal();
    if (in_journal) {
        std::cerr << text << std::endl;
    } else {
        std::cerr << microsecond_text(now_us()) << " - " << text << std::endl;
    }
}

std::filesystem::path absolute(const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal();
}

/// The one beside this program, else the installed one.
std::filesystem::path find_worker(const std::string& given) {
    if (!given.empty()) return absolute(given);
    std::error_code failed;
    const auto beside =
        std::filesystem::read_symlink("/proc/self/exe", failed).parent_path() / "dts-worker";
    return !failed && std::filesystem::exists(beside) ? beside : "/usr/bin/dts-worker";
}

DaemonPlaces places_of(const Arguments& arguments) {
    DaemonPlaces places;
    places.tasks_folder = absolute(arguments.tasks);
    places.defaults = absolute(arguments.config);
    places.log_root = absolute(arguments.log_dir);
    places.run_folder = absolute(arguments.run_dir);
    places.worker = find_worker(arguments.worker);
    if (std::filesystem::exists(*places.defaults)) return places;
    if (arguments.config_is_given) {
        throw Error(ErrorKind::config, fmt::format("there is no {}", places.defaults->string()),
                    "--config names the file with every task's defaults");
    }
    // dts@.service always gives it to its workers; ours need not have one.
    if (!uses_systemd(arguments.backend)) places.defaults.reset();
    return places;
}

/// "3 tasks: 2 streaming, 1 gap", for `systemctl status`.
std::string summary_of(const Supervisor& supervisor) {
    std::map<std::string_view, int> counts;
    int invalid = 0;
    const auto tasks = supervisor.tasks();
    for (const TaskView* const task : tasks) {
        ++counts[name_of(task->state)];
        if (!task->ini_problem.empty()) ++invalid;
    }
    std::string text = fmt::format("{} task{}", tasks.size(), tasks.size() == 1 ? "" : "s");
    const char* separator = ": ";
    for (const auto& [state, count] : counts) {
        text += fmt::format("{}{} {}", std::exchange(separator, ", "), count, state);
    }
    if (invalid > 0) text += fmt::format("; {} ini{} not usable", invalid, invalid == 1 ? "" : "s");
    return text;
}

class Daemon {
  public:
    explicit Daemon(const Arguments& arguments)
        : places_(places_of(arguments)),
          run_folder_(places_.run_folder),
          backend_(make_backend(loop_, arguments.backend, places_, log)),
          supervisor_(loop_, *backend_, supervisor_options()),
          signals_(loop_, SIGTERM, SIGINT, SIGHUP) {
        // Relative paths of the inis start there, here as in the workers.
        std::error_code ignored;
        std::filesystem::current_path(places_.tasks_folder.parent_path(), ignored);
        ControlSocket::Options options;
        options.path = run_folder_.control_socket();
        options.about = to_json(AboutDaemon{places_, std::string(backend_->name())});
        control_.emplace(loop_, supervisor_, std::move(options));
        // What else shows the supervisor to others has its place here.
        BusObjectOptions bus_options;
        bus_options.log = log;
        bus_object_.emplace(loop_, supervisor_, std::move(bus_options));
        if (!arguments.metrics_address.empty()) serve_pages(arguments.metrics_address);
    }

    void run() {
        log(fmt::format("dtsd " DTS_VERSION " starts, backend {}, tasks in {}, logs below {}",
                        backend_->name(), places_.tasks_folder.string(),
                        places_.log_root.string()));
        supervisor_.listen([this](const std::string& task, const TaskView* view) {
            note(task, view);
            if (std::exchange(summary_is_due_, true)) return;
            boost::asio::post(loop_, [this] {
                summary_is_due_ = false;
                notify_status(summary_of(supervisor_));
            });
        });
        wait_for_signal();
        supervisor_.open();
        bus_object_->open();
        notify_ready();
        notify_status(summary_of(supervisor_));
        loop_.run();
        log("dtsd ended");
    }

  private:
    void serve_pages(const std::string& address) {
        PageFacts facts;
        facts.backend = backend_->name();
        facts.tasks_folder = places_.tasks_folder;
        http_.emplace(loop_, address,
                      WebSite([this] { return supervisor_.tasks(); }, std::move(facts),
                              [this] { return supervisor_.folder_problem(); }));
        log(fmt::format("metrics and status page: http://{}/{}", http_->address(),
                        http_->is_open_to_others()
                            ? ": whoever reaches this address can read them, without a login"
                            : ""));
    }

    Supervisor::Options supervisor_options() const {
        Supervisor::Options options;
        options.tasks_folder = places_.tasks_folder;
        options.defaults = places_.defaults;
        options.record = run_folder_.start_record();
        options.log = log;
        return options;
    }

    /// Each state that a task comes into, once.
    void note(const std::string& task, const TaskView* view) {
        if (view == nullptr) {
            states_.erase(task);
            log(fmt::format("task {}: is gone", task));
            return;
        }
        const auto before = states_.find(task);
        if (before != states_.end() && before->second == view->state) return;
        states_[task] = view->state;
        if (stderr_is_journal() && journal_state(task, *view)) return;
        log(fmt::format("task {}: {}{}{}", task, name_of(view->state),
                        view->reason.empty() ? "" : ": ", view->reason));
    }

    void wait_for_signal() {
        signals_.async_wait([this](const boost::system::error_code& failed, int number) {
            if (failed) return;
            if (number == SIGHUP) {
                reread();
            } else {
                end();
            }
            wait_for_signal();
        });
    }

    void reread() {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        ::sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
                     static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
        log("reads settings and tasks again");
        supervisor_.reread();
        ::sd_notify(0, "READY=1");
    }

    void end() {
        if (std::exchange(is_ending_, true)) return loop_.stop();
        notify_stopping();
        log("ends");
        supervisor_.shut_down([this] { boost::asio::post(loop_, [this] { loop_.stop(); }); });
    }

    boost::asio::io_context loop_;
    const DaemonPlaces places_;
    const RunFolder run_folder_;
    const std::unique_ptr<UnitBackend> backend_;
    Supervisor supervisor_;
    boost::asio::signal_set signals_;
    std::optional<ControlSocket> control_;
    std::optional<BusObject> bus_object_;
    std::optional<HttpServer> http_;
    std::map<std::string, TaskState> states_;
    bool summary_is_due_ = false;
    bool is_ending_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);
    Arguments arguments;
    CLI::App app("dtsd: keeps the tasks of a folder running, each in a dts-worker of its own");
    app.footer(footer);
    auto* const config = app.add_option("--config", arguments.config, "every task's defaults")
                             ->capture_default_str();
    app.add_option("--tasks", arguments.tasks, "the folder of the tasks: NAME.ini each")
        ->capture_default_str();
    app.add_option("--backend", arguments.backend,
                   "who runs the workers: systemd (as dts@NAME.service), process (dtsd itself), or "
                   "auto: systemd where dtsd is one of its services")
        ->capture_default_str()
        ->check(CLI::IsMember({"auto", "systemd", "process"}));
    app.add_option("--run-dir", arguments.run_dir, "sockets")->capture_default_str();
    app.add_option("--log-dir", arguments.log_dir, "the tasks' log directories: NAME each")
        ->capture_default_str();
    app.add_option("--worker", arguments.worker,
                   "the program that runs a task (process backend; default: the dts-worker beside "
                   "dtsd)");
    app.add_option("--metrics-address", arguments.metrics_address,
                   "where metrics and the status page are served; empty: nowhere")
        ->capture_default_str();
    app.set_version_flag("--version", "dtsd " DTS_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_code_of(ErrorKind::config);
    }
    arguments.config_is_given = config->count() > 0;
    raise_open_files();
    try {
        Daemon(arguments).run();
        return 0;
    } catch (const Error& error) {
        std::cerr << "dtsd: " << name_of(error.kind()) << " error: " << error.what() << '\n';
        return exit_code_of(error.kind());
    } catch (const std::exception& error) {
        std::cerr << "dtsd: internal error: " << error.what() << '\n';
        return exit_code_of(ErrorKind::bug);
    }
}
