// Keeps the wanted tasks running: what stands in tasks.d, through a UnitBackend. Knows each task as
// a TaskView. One thread, the loop's.
//
// The rule: a running task is never taken down by an ini that cannot be used.
#pragma once

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/task_view.hpp"
#include "daemon/unit_backend.hpp"

namespace dts {

class Supervisor {
  public:
    struct Options {
        std::filesystem::path tasks_folder;             ///< /etc/dts/tasks.d
        std::optional<std::filesystem::path> defaults;  ///< /etc/dts/dts.conf
    };
    using Done = UnitBackend::Done;
    /// A task that is new, gone (nullptr), or changed its state or its ini.
    using Listener = std::function<void(const std::string& task, const TaskView* view)>;

    Supervisor(boost::asio::io_context& loop, UnitBackend& backend, Options options);
    ~Supervisor();

    /// Adopts the workers that run, reads the folder, starts what is wanted, and watches both.
    void open();
    /// SIGHUP: reads defaults and folder again.
    void reread();
    void shut_down(std::function<void()> done);

    /// In the order of their names. The pointers hold until the loop's next step.
    std::vector<const TaskView*> tasks() const;
    const TaskView* find(std::string_view task) const;
    std::string_view backend_name() const;

    /// By an operator. Start and restart also clear what kept a failed task down. `done` is given
    /// what went wrong, also for a task that there is not.
    void start(const std::string& task, Done done);
    void stop(const std::string& task, Done done);
    void restart(const std::string& task, Done done);

    /// Called for every later change, in the order of registration; for good.
    void listen(Listener listener);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dts
