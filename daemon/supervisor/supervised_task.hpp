// One task as the supervisor holds it: its view, and what the view does not show. The state that
// the view tells is worked out here, of the process, of what its worker says, and of the ini.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/folder/task_check.hpp"
#include "daemon/folder/task_conflicts.hpp"
#include "daemon/folder/task_folder.hpp"
#include "daemon/supervisor/task_view.hpp"
#include "daemon/supervisor/worker_watch.hpp"

namespace dts {

struct SupervisedTask {
    TaskView view;
    std::optional<TaskFile> file;       ///< as it stands; nothing: it is gone
    std::optional<CheckedTask> wanted;  ///< when that can be used
    std::optional<TaskClaims> held;     ///< of the settings that its worker was started with
    std::string fingerprint;            ///< of those settings; "": it is to be started
    bool stopped_by_hand = false;
    int requests = 0;                  ///< to the backend, under way
    int stops = 0;                     ///< those of them that ask to stop
    std::optional<WorkerStatus> said;  ///< the last of this run, also after its end
    std::unique_ptr<WorkerWatch> watch;

    bool is_active() const noexcept;
    bool is_failed() const noexcept { return view.unit.active == UnitState::Active::failed; }

    /// Works out state, reason, time, source and target. Whether anything that listeners are told
    /// of has changed since it was last asked.
    bool refresh();
    void sample_lag(std::int64_t now_us);

    /// A unit without an ini that does not run is no task; nor is what only the record knows.
    bool is_shown() const noexcept { return file.has_value() || is_active() || requests > 0; }

  private:
    struct Told {
        TaskState state = TaskState::stopped;
        std::string reason, ini_problem;
        std::filesystem::path ini;
        bool enabled = true;
        UnitState::Active active = UnitState::Active::inactive;

        bool operator==(const Told&) const = default;
    };
    std::optional<Told> told_;
};

/// What an exit code of a worker means, for a person: "66: the source no longer holds ...".
std::string meaning_of_exit(int code);

}  // namespace dts
