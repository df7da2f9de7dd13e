#include "test/servers/worker_process.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "lib/position/postgres_position.hpp"
#include "test/servers/folder_watch.hpp"

namespace dts::test {

namespace fs = std::filesystem;

namespace {

std::string tail(const std::string& text) {
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 4000));
}

Command worker_command(const std::vector<std::string>& args, const fs::path& output,
                       const fs::path& working_folder) {
    Command command;
    command.args.push_back(worker_program().string());
    for (const auto& arg : args) command.args.push_back(arg);
    command.stdout_file = command.stderr_file = output;
    command.working_folder = working_folder;
    return command;
}

/// Orders by file, then offset; the numbers of binlog files are written with leading zeros.
bool has_reached(const std::string& record, const BinlogEnd& end) {
    if (record.empty()) return false;
    const std::string file = json_field(record, "binlog_filename");
    const std::string offset = json_field(record, "next_event_position");
    if (file.empty() || offset.empty()) return false;
    if (file != end.file) return file > end.file;
    return std::stoull(offset) >= end.position;
}

}  // namespace

fs::path worker_program() {
    if (const char* named = std::getenv("DTS_WORKER")) return named;
    const auto build = fs::read_symlink("/proc/self/exe").parent_path() / "../..";
    return fs::weakly_canonical(build / "daemon/dts-worker");
}

WorkerProcess::WorkerProcess(const TaskIni& ini, const fs::path& folder, const Options& options,
                             std::string_view name)
    : log_folder_(folder / name), output_file_(folder / fmt::format("{}.output", name)) {
    fs::create_directories(log_folder_);
    log_start_ = default_log().size();
    const auto file = ini.write(folder / fmt::format("{}.ini", name));
    std::vector<std::string> args = {file.string(), "--log-dir", log_folder_.string()};
    for (const auto& arg : options.args) args.push_back(arg);
    fs::remove(output_file_);
    auto command = worker_command(args, output_file_, options.working_folder);
    command.environment = options.environment;
    process_ = std::make_unique<ChildProcess>(command);
}

void WorkerProcess::fail(std::string_view what) {
    const auto ended = process_->wait(std::chrono::milliseconds(0));
    throw std::runtime_error(
        fmt::format("the worker {}: {}\n--- its output\n{}\n--- the end of its default.log\n{}",
                    ended ? "ended with " + ended->text() : "did not come to it", what,
                    tail(output()), tail(default_log())));
}

void WorkerProcess::wait_for(std::string_view what, const std::function<bool()>& done,
                             std::chrono::milliseconds timeout) {
    if (wait_until(log_folder_, done, timeout, process_.get()) != WaitResult::done) fail(what);
}

std::string WorkerProcess::wait_for_line(std::string_view text, std::chrono::milliseconds timeout) {
    LineReader reader(log_folder_ / "default.log", log_start_);
    std::optional<std::string> line;
    wait_for(
        fmt::format("a line with '{}'", text),
        [&] { return (line = reader.find(text)).has_value(); }, timeout);
    log_start_ = reader.offset();
    return *line;
}

void WorkerProcess::wait_for_checkpoint(const BinlogEnd& end, std::chrono::milliseconds timeout) {
    wait_for(
        fmt::format("a checkpoint at {}:{}", end.file, end.position),
        [&] { return has_reached(last_record(log_folder_, "checkpoint_position"), end); }, timeout);
}

void WorkerProcess::wait_for_checkpoint(const std::string& lsn, std::chrono::milliseconds timeout) {
    wait_for(
        "a checkpoint at " + lsn,
        [&] {
            const auto record = last_record(log_folder_, "checkpoint_position");
            return parse_lsn(json_field(record, "lsn")).value_or(0) >=
                   parse_lsn(lsn).value_or(~0ULL);
        },
        timeout);
}

WorkerOutcome WorkerProcess::wait_for_exit(std::chrono::milliseconds timeout) {
    const auto status = process_->wait(timeout);
    if (!status) fail("its end");
    return {*status, output()};
}

WorkerOutcome run_worker(const std::vector<std::string>& args, const fs::path& working_folder,
                         std::chrono::milliseconds timeout) {
    const TempFolder folder("worker");
    ChildProcess process(worker_command(args, folder / "output", working_folder));
    const auto status = process.wait(timeout);
    if (!status)
        throw std::runtime_error("the worker did not end: " + read_file(folder / "output"));
    return {*status, read_file(folder / "output")};
}

std::string last_record(const fs::path& log_folder, std::string_view kind) {
    std::istringstream lines(read_file(log_folder / "position.log"));
    const std::string marker = fmt::format(" | {} | ", kind);
    std::string line, last;
    while (std::getline(lines, line) && !lines.eof()) {
        const auto at = line.find(marker);
        if (at != std::string::npos) last = line.substr(at + marker.size());
    }
    return last;
}

std::string json_field(const std::string& json, const std::string& name) {
    const std::string key = fmt::format("\"{}\":", name);
    auto start = json.find(key);
    if (start == std::string::npos) return {};
    start += key.size();
    if (json[start] == '"') return json.substr(start + 1, json.find('"', start + 1) - start - 1);
    return json.substr(start, json.find_first_of(",}", start) - start);
}

}  // namespace dts::test
