#include "daemon/units/process_backend.hpp"

#include <fmt/format.h>

#include <map>
#include <unistd.h>

#include "daemon/units/notify_inbox.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

class ProcessBackend final : public UnitBackend {
  public:
    ProcessBackend(boost::asio::io_context& loop, ProcessBackendOptions options)
        : loop_(loop), options_(std::move(options)) {}

    std::string_view name() const noexcept override { return "process"; }

    void open(OnChange on_change) override {
        if (::access(options_.worker.c_str(), X_OK) != 0) {
            throw Error(ErrorKind::config,
                        fmt::format("{} is no program that can be run", options_.worker.string()),
                        "--worker says where dts-worker is");
        }
        on_change_ = std::move(on_change);
        inbox_.emplace(loop_, options_.notify_socket,
                       [this](pid_t sender, std::string_view note, std::string_view value) {
                           for (const auto& [task, unit] : units_) {
                               if (unit->state().pid != sender) continue;
                               unit->note(note, value);
                               return;
                           }
                       });
    }

    void start(const std::string& task, Done done) override {
        if (closing_) return done("dtsd is ending");
        unit(task).start(std::move(done));
    }
    void stop(const std::string& task, Done done) override { unit(task).stop(std::move(done)); }
    void restart(const std::string& task, Done done) override {
        if (closing_) return done("dtsd is ending");
        unit(task).restart(std::move(done));
    }

    std::filesystem::path log_directory(const std::string& task) const override {
        return options_.log_root / task;
    }
    std::filesystem::path status_socket(const std::string& task) const override {
        return options_.runtime_root / task / "status.sock";
    }

    void shut_down(std::function<void()> done) override {
        closing_ = true;
        auto left = std::make_shared<std::size_t>(units_.size() + 1);
        const auto one_less = [left, done = std::move(done)](const std::optional<std::string>&) {
            if (--*left == 0) done();
        };
        for (const auto& [task, unit] : units_) unit->stop(one_less);
        one_less(std::nullopt);
    }

  private:
    ProcessUnit& unit(const std::string& task) {
        auto& unit = units_[task];
        if (unit) return *unit;
        const std::filesystem::path folder = options_.runtime_root / task;
        WorkerCommand command;
        command.arguments = {options_.worker.string(),
                             (options_.tasks_folder / (task + ".ini")).string(),
                             "--log-dir",
                             log_directory(task).string(),
                             "--name",
                             task};
        if (options_.defaults) {
            command.arguments.insert(command.arguments.end(),
                                     {"--defaults", options_.defaults->string()});
        }
        command.output = log_directory(task) / "worker.log";
        // The worker makes its status socket there.
        command.environment = {{"RUNTIME_DIRECTORY", folder.string()},
                               {"NOTIFY_SOCKET", options_.notify_socket.string()}};
        if (const auto watchdog = options_.policy.watchdog; watchdog.count() > 0) {
            command.environment.emplace_back("WATCHDOG_USEC",
                                             std::to_string(watchdog.count() * 1000));
        }
        ProcessUnit::Events events;
        events.on_change = [this, task](const UnitState& state) { on_change_(task, state); };
        events.log = [this, task](const std::string& text) {
            if (options_.log) options_.log(fmt::format("task {}: {}", task, text));
        };
        unit = std::make_unique<ProcessUnit>(loop_, std::move(command), folder, options_.policy,
                                             std::move(events));
        return *unit;
    }

    boost::asio::io_context& loop_;
    const ProcessBackendOptions options_;
    OnChange on_change_;
    std::optional<NotifyInbox> inbox_;
    std::map<std::string, std::unique_ptr<ProcessUnit>> units_;
    bool closing_ = false;
};

}  // namespace

std::unique_ptr<UnitBackend> make_process_backend(boost::asio::io_context& loop,
                                                  ProcessBackendOptions options) {
    return std::make_unique<ProcessBackend>(loop, std::move(options));
}

}  // namespace dts
