// Keeps the wanted tasks running: what stands in tasks.d, through a UnitBackend. Knows each task as
// a TaskView. One thread, the loop's.
//
// The rule: a running task is never taken down by an ini that cannot be used.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/supervisor/task_view.hpp"
#include "daemon/units/unit_backend.hpp"

namespace dts {

class Supervisor {
  public:
    struct Options {
        std::filesystem::path tasks_folder;             ///< /etc/dts/tasks.d
        std::optional<std::filesystem::path> defaults;  ///< /etc/dts/dts.conf
        /// Where it remembers, over its own restarts, what running workers were started with
        /// (start_record.hpp); nothing: nowhere.
        std::optional<std::filesystem::path> record;
        std::chrono::milliseconds lag_interval = std::chrono::seconds(10);
        /// What the daemon's log should say; may be empty.
        std::function<void(const std::string&)> log;
    };
    using Done = UnitBackend::Done;
    /// A task that is new, gone (nullptr), or changed its state or its ini.
    using Listener = std::function<void(const std::string& task, const TaskView* view)>;

    Supervisor(boost::asio::io_context& loop, UnitBackend& backend, Options options);
    ~Supervisor();

    /// Adopts the workers that run, reads the folder, starts what is wanted, and watches both. A
    /// running worker is left alone when its settings are those it was started with: by the record,
    /// else when neither file has changed since it started.
    void open();
    /// SIGHUP: reads defaults and folder again.
    void reread();
    void shut_down(std::function<void()> done);

    /// In the order of their names. The pointers hold until the loop's next step.
    std::vector<const TaskView*> tasks() const;
    const TaskView* find(std::string_view task) const;
    std::string_view backend_name() const;

    /// By an operator. Start and restart also clear what kept a failed task down. `done` is given
    /// what went wrong, also for a task that there is not. A task that was stopped stays so, also
    /// when its ini changes, until it is started or its ini is removed.
    void start(const std::string& task, Done done);
    void stop(const std::string& task, Done done);
    void restart(const std::string& task, Done done);

    /// What would keep this ini from being used if it stood in the folder under its name; nothing
    /// when it would be.
    std::optional<std::string> validate(const std::filesystem::path& ini) const;
    /// What is wrong with the folder itself; "" when nothing is.
    const std::string& folder_problem() const;

    /// Called for every later change, in the order of registration; for good.
    void listen(Listener listener);

  private:
    struct Parts;
    std::shared_ptr<Parts> parts_;
};

}  // namespace dts
