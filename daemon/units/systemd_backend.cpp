#include "daemon/units/systemd_backend.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "daemon/bus/bus.hpp"
#include "daemon/units/systemd_unit.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr const char* service = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager = "org.freedesktop.systemd1.Manager";
constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
constexpr const char* properties = "org.freedesktop.DBus.Properties";
constexpr std::chrono::seconds open_patience{25};

std::string problem_of(const std::string& unit, std::string_view verb, const BusError& error) {
    std::string hint;
    if (error.name == SD_BUS_ERROR_ACCESS_DENIED ||
        error.name == SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED) {
        hint =
            ", HINT: the polkit rule 50-dts.rules lets user dts do that: is it installed, and does "
            "polkitd run?";
    }
    return fmt::format("{} {}: {}{}", verb, unit, error.text.empty() ? error.name : error.text,
                       hint);
}

class SystemdBackend final : public UnitBackend {
  public:
    SystemdBackend(boost::asio::io_context& loop, SystemdBackendOptions options)
        : loop_(loop),
          options_(std::move(options)),
          bus_(loop, options_.bus_address, {[this] { come_up(); }, [this] { go_down(); }}) {}

    std::string_view name() const noexcept override { return "systemd"; }

    void open(OnChange on_change) override {
        on_change_ = std::move(on_change);
        bus_.open();
        const bool adopted =
            bus_.serve_until([this] { return listed_ && asked_ == 0; }, open_patience);
        opened_ = true;
        if (list_problem_.empty() && adopted) return;
        bus_.close();
        throw Error(ErrorKind::unreachable,
                    fmt::format("systemd does not answer on the bus: {}",
                                adopted ? list_problem_ : "timed out"),
                    "--backend process runs the tasks without systemd");
    }

    void start(const std::string& task, Done done) override {
        // A unit that waits for its restart cannot be started, but restarted at once.
        const auto found = units_.find(task);
        const bool waits = found != units_.end() &&
                           found->second.unit.state().active == UnitState::Active::restarting;
        begin(task, waits ? "RestartUnit" : "StartUnit", "starting", std::move(done));
    }

    void restart(const std::string& task, Done done) override {
        begin(task, "RestartUnit", "restarting", std::move(done));
    }

    void stop(const std::string& task, Done done) override {
        ask_for_job(task, "StopUnit", "stopping", std::move(done));
    }

    std::filesystem::path log_directory(const std::string& task) const override {
        return options_.log_root / task;
    }
    std::filesystem::path status_socket(const std::string& task) const override {
        return options_.run_root / task / "status.sock";
    }

    /// The units are systemd's: they run on.
    void shut_down(std::function<void()> done) override {
        on_change_ = nullptr;
        bus_.close();
        boost::asio::post(loop_, std::move(done));
    }

  private:
    struct Watched {
        SystemdUnit unit;
        UnitState told;
        bool ever_told = false;
        BusSlot signals;
    };
    struct Job {
        std::string task;
        std::string verb;
        Done done;
    };

    // ---- the connection ----

    void come_up() {
        matches_.clear();
        listed_ = false;
        asked_ = 0;
        list_problem_.clear();
        match_manager("JobRemoved", [this](sd_bus_message* message) { job_removed(message); });
        match_manager("UnitNew", [this](sd_bus_message* message) {
            const char* unit = nullptr;
            bus_check(sd_bus_message_read(message, "so", &unit, nullptr), "reading UnitNew");
            if (const auto task = task_of_unit(unit)) look_at_new(*task);
        });
        match_manager("UnitRemoved", [this](sd_bus_message* message) {
            const char* unit = nullptr;
            bus_check(sd_bus_message_read(message, "so", &unit, nullptr), "reading UnitRemoved");
            const auto found = units_.find(task_of_unit(unit).value_or(""));
            if (found == units_.end()) return;
            found->second.unit.removed();
            tell(found->first, found->second);
        });
        // After daemon-reload, and when systemd itself was started anew.
        match_manager("Reloading", [this](sd_bus_message* message) {
            int active = 0;
            bus_check(sd_bus_message_read(message, "b", &active), "reading Reloading");
            if (active == 0) list();
        });
        matches_.push_back(
            bus_.match(fmt::format("type='signal',sender='org.freedesktop.DBus',"
                                   "member='NameOwnerChanged',arg0='{}'",
                                   service),
                       [this](sd_bus_message* message) {
                           const char* owner = nullptr;
                           bus_check(sd_bus_message_read(message, "sss", nullptr, nullptr, &owner),
                                     "reading NameOwnerChanged");
                           if (*owner == '\0') return fail_jobs("systemd has left the bus");
                           subscribe();
                           list();
                       }));
        subscribe();
        list();
        if (opened_ && options_.on_bus) options_.on_bus("");
    }

    void go_down() {
        matches_.clear();
        for (auto& [task, watched] : units_) watched.signals.reset();
        fail_jobs("the connection to the system bus was lost");
        if (opened_ && options_.on_bus)
            options_.on_bus("the connection to the system bus was lost");
    }

    void match_manager(const char* member, Bus::OnMessage on_message) {
        matches_.push_back(
            bus_.match(fmt::format("type='signal',sender='{}',path='{}',interface='{}',member='{}'",
                                   service, manager_path, manager, member),
                       std::move(on_message)));
    }

    /// Without a subscriber systemd sends no signals of units.
    void subscribe() {
        bus_.call(bus_.method_call(service, manager_path, manager, "Subscribe"),
                  [](sd_bus_message*, const BusError*) {});
    }

    // ---- what there is ----

    void list() {
        list_units("*", [this](sd_bus_message* reply, const BusError* error) {
            listed_ = true;
            if (error != nullptr) {
                list_problem_ = error->text.empty() ? error->name : error->text;
            } else {
                adopt(read_unit_list(reply));
            }
        });
    }

    /// Whoever looks at a unit that does not run loads it for a moment, which is a new unit each
    /// time. To ask for its properties would do so again, and never end; this asks without loading.
    void look_at_new(const std::string& task) {
        watch(task);
        list_units(task, [this, task](sd_bus_message* reply, const BusError* error) {
            if (error != nullptr) return;
            const auto units = read_unit_list(reply);
            const auto found = units.find(task);
            if (found != units.end() && found->second != "inactive") refresh(task);
        });
    }

    void list_units(const std::string& instances, Bus::OnReply on_reply) {
        const BusMessage call =
            bus_.method_call(service, manager_path, manager, "ListUnitsByPatterns");
        const std::string pattern = unit_name_of(instances);
        bus_check(sd_bus_message_append(call.get(), "asas", 0, 1, pattern.c_str()), "asking");
        bus_.call(call, std::move(on_reply));
    }

    void adopt(const std::map<std::string, std::string>& loaded) {
        for (auto& [task, watched] : units_) {
            if (loaded.contains(task)) continue;
            watched.unit.removed();
            tell(task, watched);
        }
        for (const auto& [task, active] : loaded) refresh(task);
    }

    /// Its signals are asked for before its properties: nothing can fall between the two.
    Watched& watch(const std::string& task) {
        Watched& watched = units_[task];
        if (!watched.signals) {
            watched.signals = bus_.match(
                fmt::format("type='signal',sender='{}',path='{}',interface='{}',"
                            "member='PropertiesChanged'",
                            service, unit_path_of(task), properties),
                [this, task](sd_bus_message* message) { properties_changed(task, message); });
        }
        return watched;
    }

    void refresh(const std::string& task) {
        watch(task);
        get_all(task, service_interface, [] {});
        get_all(task, unit_interface, [this, task] { tell(task, units_[task]); });
    }

    void get_all(const std::string& task, const char* interface, std::function<void()> then) {
        if (!bus_.is_up()) return then();
        const std::string path = unit_path_of(task);
        const BusMessage call = bus_.method_call(service, path.c_str(), properties, "GetAll");
        bus_check(sd_bus_message_append(call.get(), "s", interface), "asking");
        ++asked_;
        bus_.call(call, [this, task, then = std::move(then)](sd_bus_message* reply,
                                                             const BusError* error) {
            --asked_;
            if (error == nullptr) units_[task].unit.read_properties(reply);
            then();
        });
    }

    /// systemd sends the service's properties first, then the unit's: with these it is whole.
    void properties_changed(const std::string& task, sd_bus_message* message) {
        const char* interface = nullptr;
        bus_check(sd_bus_message_read(message, "s", &interface), "reading changes");
        Watched& watched = units_[task];
        watched.unit.read_properties(message);
        if (std::string_view(interface) != unit_interface) return;
        // A worker that crashed has failed for a moment before it waits for its restart.
        if (watched.unit.state().active == UnitState::Active::failed) return refresh(task);
        tell(task, watched);
    }

    void tell(const std::string& task, Watched& watched) {
        UnitState state = watched.unit.state();
        if (watched.ever_told && state == watched.told) return;
        watched.ever_told = true;
        watched.told = state;
        if (on_change_) on_change_(task, state);
    }

    // ---- jobs ----

    /// What failed before is forgotten first, a start limit too.
    void begin(const std::string& task, const char* method, const char* verb, Done done) {
        if (!bus_.is_up()) return refuse(std::move(done));
        watch(task).unit.forget_last_end();
        const BusMessage call = bus_.method_call(service, manager_path, manager, "ResetFailedUnit");
        bus_check(sd_bus_message_append(call.get(), "s", unit_name_of(task).c_str()), "asking");
        // It fails for a unit that is not loaded; whatever else it says, the start will say as
        // well.
        bus_.call(call, [](sd_bus_message*, const BusError*) {});
        ask_for_job(task, method, verb, std::move(done));
    }

    void ask_for_job(const std::string& task, const char* method, const char* verb, Done done) {
        if (!bus_.is_up()) return refuse(std::move(done));
        const std::string unit = unit_name_of(task);
        const BusMessage call = bus_.method_call(service, manager_path, manager, method);
        bus_check(sd_bus_message_append(call.get(), "ss", unit.c_str(), "replace"), "asking");
        ++requests_;
        bus_.call(call, [this, job = Job{task, verb, std::move(done)}, unit](
                            sd_bus_message* reply, const BusError* error) mutable {
            --requests_;
            if (error == nullptr) {
                const char* path = nullptr;
                bus_check(sd_bus_message_read(reply, "o", &path), "reading a job");
                job_begun(path, std::move(job));
            } else if (job.verb == "stopping" &&
                       error->name == "org.freedesktop.systemd1.NoSuchUnit") {
                job.done(std::nullopt);
            } else {
                job.done(problem_of(unit, job.verb, *error));
            }
            if (requests_ == 0) removed_early_.clear();
        });
    }

    void refuse(Done done) {
        boost::asio::post(loop_, [done = std::move(done)] {
            done("no connection to the system bus at the moment, it is tried again");
        });
    }

    void job_begun(const std::string& path, Job job) {
        const auto early = removed_early_.find(path);
        if (early == removed_early_.end()) {
            jobs_.emplace(path, std::move(job));
            return;
        }
        const std::string result = early->second;
        removed_early_.erase(early);
        finish(std::move(job), result);
    }

    /// It may come before the reply that names the job.
    void job_removed(sd_bus_message* message) {
        const char* path = nullptr;
        const char* unit = nullptr;
        const char* result = nullptr;
        bus_check(sd_bus_message_read(message, "uoss", nullptr, &path, &unit, &result),
                  "reading JobRemoved");
        const auto found = jobs_.find(path);
        if (found == jobs_.end()) {
            if (requests_ > 0 && task_of_unit(unit)) removed_early_[path] = result;
            return;
        }
        Job job = std::move(found->second);
        jobs_.erase(found);
        finish(std::move(job), result);
    }

    /// What the unit came to is read before anybody is told that the job is over.
    void finish(Job job, const std::string& result) {
        const std::string task = job.task;
        const auto shared = std::make_shared<Job>(std::move(job));
        get_all(task, service_interface, [] {});
        get_all(task, unit_interface, [this, shared, result] {
            Watched& watched = units_[shared->task];
            tell(shared->task, watched);
            if (result == "done") return shared->done(std::nullopt);
            const std::string unit = unit_name_of(shared->task);
            shared->done(fmt::format("{} {}: {}, HINT: see journalctl -u {} and default.log",
                                     shared->verb, unit, job_failure(watched.unit.state(), result),
                                     unit));
        });
    }

    void fail_jobs(const std::string& problem) {
        removed_early_.clear();
        for (auto& [path, job] : std::exchange(jobs_, {})) {
            job.done(fmt::format("{} {}: {}", job.verb, unit_name_of(job.task), problem));
        }
    }

    boost::asio::io_context& loop_;
    const SystemdBackendOptions options_;
    OnChange on_change_;
    std::map<std::string, Watched> units_;
    std::map<std::string, Job> jobs_;  ///< by the job's path
    std::map<std::string, std::string> removed_early_;
    std::size_t requests_ = 0;  ///< for jobs, without a reply yet
    std::size_t asked_ = 0;     ///< for properties, likewise
    bool listed_ = false;
    bool opened_ = false;
    std::string list_problem_;
    std::vector<BusSlot> matches_;
    Bus bus_;  ///< last: its callbacks use all the others
};

}  // namespace

std::unique_ptr<UnitBackend> make_systemd_backend(boost::asio::io_context& loop,
                                                  SystemdBackendOptions options) {
    return std::make_unique<SystemdBackend>(loop, std::move(options));
}

}  // namespace dts
