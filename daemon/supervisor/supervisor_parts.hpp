// The inside of the supervisor: what it holds, and its three sides. supervisor.cpp holds the tasks
// and hears what happens to them, supervisor_folder.cpp compares the folder with what runs,
// supervisor_requests.cpp asks the backend.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/folder/start_record.hpp"
#include "daemon/folder/task_folder.hpp"
#include "daemon/folder/task_verdicts.hpp"
#include "daemon/supervisor/supervised_task.hpp"
#include "daemon/supervisor/supervisor.hpp"

namespace dts {

struct Supervisor::Parts : std::enable_shared_from_this<Supervisor::Parts> {
    Parts(boost::asio::io_context& io, UnitBackend& units, Options given);

    void open();

    // ---- the folder -----------------------------------------------------------------------------
    void take(const FolderContents& now);
    /// Compares what stands in the folder with what runs, and acts. After every change of either.
    void evaluate();
    /// Once, when the loop comes to it.
    void evaluate_soon();
    void judge();
    void take_verdict(SupervisedTask& task, TaskVerdict verdict);
    void adopt(SupervisedTask& task);
    void reconcile(SupervisedTask& task);
    void sweep();
    std::vector<TaskClaims> held_claims() const;
    JudgeOptions judge_options() const;
    void write_record();

    // ---- requests -------------------------------------------------------------------------------
    using Request = void (UnitBackend::*)(const std::string&, Done);
    /// A start or restart with the settings as they stand.
    void begin(SupervisedTask& task, Request request_of, Done done);
    void request(SupervisedTask& task, Request request_of, Done done);
    /// The task, ready to be asked for something; nothing when it cannot be, and `done` was told.
    SupervisedTask* ready(const std::string& name, const Done& done, bool to_start);
    /// Start or restart.
    void start(const std::string& name, Request request_of, Done done);
    void stop(const std::string& name, Done done);

    // ---- the tasks ------------------------------------------------------------------------------
    SupervisedTask& add(const std::string& name);
    void unit_changed(const std::string& name, const UnitState& state);
    /// What was not asked for by the daemon: said in its log, and kept in mind.
    void notice(SupervisedTask& task, const UnitState& before);
    void hear(SupervisedTask& task, const WorkerStatus& status);
    void refresh(SupervisedTask& task);
    void hold(SupervisedTask& task);
    void tell(const std::string& name, const TaskView* view);
    void sample_lag();
    void log(const std::string& text) const;

    /// `then(parts)` for the loop to call, unless the supervisor is gone by then.
    template <typename Then>
    auto if_there(Then then) {
        return [weak = weak_from_this(), then](auto&&... arguments) {
            if (const auto self = weak.lock()) then(*self, arguments...);
        };
    }

    boost::asio::io_context& loop;
    UnitBackend& backend;
    Options options;
    TaskFolder folder;
    boost::asio::steady_timer lag_timer;
    FolderContents contents;
    std::map<std::string, TaskVerdict> verdicts;  ///< of each ini by itself
    std::map<std::string, std::unique_ptr<SupervisedTask>, std::less<>> tasks;
    std::vector<Listener> listeners;
    StartRecord record;
    bool record_written = false;
    bool adopting = true;
    bool evaluation_is_due = false;
    bool closing = false;
};

}  // namespace dts
