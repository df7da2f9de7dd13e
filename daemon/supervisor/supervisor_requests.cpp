// What the supervisor asks the backend for, by itself or for an operator.
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "daemon/supervisor/supervisor_parts.hpp"

namespace dts {

void Supervisor::Parts::begin(SupervisedTask& task, Request request_of, Done done) {
    task.fingerprint = task.wanted->fingerprint;
    hold(task);
    // Before the worker runs: a daemon that is killed now must not take it for an older one.
    write_record();
    request(task, request_of, std::move(done));
}

void Supervisor::Parts::request(SupervisedTask& task, Request request_of, Done done) {
    const int stop = request_of == &UnitBackend::stop ? 1 : 0;
    ++task.requests;
    task.stops += stop;
    const std::string name = task.view.name;
    const auto answered = [name, stop, done](Parts& self,
                                             const std::optional<std::string>& problem) {
        SupervisedTask& asked = *self.tasks.at(name);  // is kept while a request is under way
        --asked.requests;
        asked.stops -= stop;
        if (done) done(problem);
        self.evaluate_soon();
    };
    // Never from within the request: the caller is not done yet.
    const auto later = [answered](Parts& self, const std::optional<std::string>& problem) {
        boost::asio::post(self.loop, self.if_there([answered, problem](Parts& then) {
            answered(then, problem);
        }));
    };
    (backend.*request_of)(name, if_there(later));
}

SupervisedTask* Supervisor::Parts::ready(const std::string& name, const Done& done, bool to_start) {
    std::string problem;
    const auto found = tasks.find(name);
    if (found == tasks.end() || !found->second->is_shown()) {
        problem = fmt::format("there is no task {}, HINT: its ini would be {}", name,
                              (options.tasks_folder / (name + ".ini")).string());
    } else if (SupervisedTask& task = *found->second; to_start && !task.file) {
        problem = fmt::format("task {}: its ini is gone", name);
    } else if (to_start && !task.wanted) {
        problem = fmt::format("task {}: its ini cannot be used: {}", name, task.view.ini_problem);
    } else if (to_start && !task.view.enabled) {
        problem = fmt::format(
            "task {} is disabled, HINT: take [global] enabled=false out of its ini", name);
    } else {
        return &task;
    }
    if (done) boost::asio::post(loop, [done, problem] { done(problem); });
    return nullptr;
}

void Supervisor::Parts::start(const std::string& name, Request request_of, Done done) {
    SupervisedTask* const task = ready(name, done, true);
    if (task == nullptr) return;
    task->stopped_by_hand = false;
    begin(*task, request_of, std::move(done));
}

void Supervisor::Parts::stop(const std::string& name, Done done) {
    SupervisedTask* const task = ready(name, done, false);
    if (task == nullptr) return;
    task->stopped_by_hand = true;
    write_record();
    request(*task, &UnitBackend::stop, std::move(done));
}

}  // namespace dts
