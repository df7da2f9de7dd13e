#include "test/fault/nemesis.hpp"

#include <fmt/format.h>

#include <signal.h>
#include <stdexcept>

#include "test/fault/await.hpp"

namespace dts::test {

std::string KillCount::text() const {
    return fmt::format("{} kills, {} of a worker that streamed, {} inside an open transaction",
                       kills, streaming, inside_apply);
}

void Nemesis::kill_one(const TaskIni& ini, const std::filesystem::path& folder,
                       std::chrono::milliseconds most) {
    const auto log_before = read_file(folder / "task" / "default.log").size();
    constexpr std::string_view streaming_line = "CdcExtractor starts";  // see formats
    WorkerProcess worker(ini, folder);
    const bool at_start = chance_.one_in(6);
    if (!at_start) worker.wait_for_line(streaming_line);
    expect_running_for(worker, chance_.moment(at_start ? std::chrono::milliseconds(300) : most));

    bool is_streaming = !at_start;
    if (at_start) {
        is_streaming = worker.default_log().find(streaming_line, log_before) != std::string::npos;
    }
    if (chance_.one_in(2)) {
        // Stopped first, so that what the target sees is what the kill finds.
        worker.signal(SIGSTOP);
        if (target_.scalar(target_.open_transactions_query()) != "0") ++count_.inside_apply;
    }
    worker.kill();
    const auto status = worker.wait_for_exit().status;
    if (status.signal != SIGKILL) {
        throw std::runtime_error("the worker ended before it was killed, with " + status.text());
    }
    ++count_.kills;
    if (is_streaming) ++count_.streaming;
    if (after_kill_) after_kill_();
}

void Nemesis::kill_streaming(unsigned kills, const TaskIni& ini,
                             const std::filesystem::path& folder, std::chrono::milliseconds most) {
    const unsigned wanted = count_.streaming + kills;
    while (count_.streaming < wanted) kill_one(ini, folder, most);
}

}  // namespace dts::test
