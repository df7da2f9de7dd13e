// Stands in for the processes of a supervisor under test: remembers what it was asked for, and has
// units in the states that the test says.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/units/unit_backend.hpp"
#include "lib/base/clock_text.hpp"

namespace dts::test {

class FakeBackend final : public UnitBackend {
  public:
    using Active = UnitState::Active;

    explicit FakeBackend(std::filesystem::path root, std::string_view kind = "process")
        : root_(std::move(root)), kind_(kind) {}

    std::string_view name() const noexcept override { return kind_; }

    void open(OnChange on_change) override {
        on_change_ = std::move(on_change);
        for (const auto& [task, state] : units) on_change_(task, state);
    }

    void start(const std::string& task, Done done) override {
        asked.push_back("start " + task);
        run(task);
        answer(std::move(done));
    }
    void stop(const std::string& task, Done done) override {
        asked.push_back("stop " + task);
        set(task, Active::inactive);
        answer(std::move(done));
    }
    void restart(const std::string& task, Done done) override {
        asked.push_back("restart " + task);
        set(task, Active::inactive);
        run(task);
        answer(std::move(done));
    }

    std::filesystem::path log_directory(const std::string& task) const override {
        return root_ / "log" / task;
    }
    std::filesystem::path status_socket(const std::string& task) const override {
        return root_ / "run" / task / "status.sock";
    }
    void shut_down(std::function<void()> done) override {
        asked.emplace_back("shut down");
        done();
    }

    /// A unit comes into a state without having been asked.
    void set(const std::string& task, Active active, std::optional<int> exit_code = {},
             std::string detail = {}) {
        UnitState& unit = units[task];
        unit.active = active;
        unit.exit_code = exit_code;
        unit.detail = std::move(detail);
        unit.since_us = now_us();
        if (active == Active::inactive || active == Active::failed ||
            active == Active::restarting) {
            unit.pid = 0;
        }
        if (on_change_) on_change_(task, unit);
    }
    void run(const std::string& task, std::int64_t pid = 0) {
        UnitState& unit = units[task];
        unit = UnitState{Active::running, pid != 0 ? pid : ++last_pid_, {}, {}, 0, now_us(), ""};
        if (on_change_) on_change_(task, unit);
    }
    /// The requests since it was last asked.
    std::vector<std::string> take_asked() { return std::exchange(asked, {}); }

    std::map<std::string, UnitState> units;
    std::vector<std::string> asked;
    bool keeps_waiting = false;  ///< no request is ever answered
    std::vector<Done> waiting;

  private:
    void answer(Done done) {
        if (keeps_waiting) {
            waiting.push_back(std::move(done));
        } else {
            done(std::nullopt);
        }
    }

    std::filesystem::path root_;
    std::string kind_;
    OnChange on_change_;
    std::int64_t last_pid_ = 1'000'000'000;
};

}  // namespace dts::test
