// sink_type=sql with a real source: a transaction much larger than a group is whole in sql.log,
// also after a crash in its middle, and can be undone.
#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "test/integration/server_pair.hpp"

using namespace dts;
using namespace dts::test;
namespace fs = std::filesystem;

namespace {

constexpr auto tables =
    "CREATE DATABASE d; USE d; CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20));"
    "CREATE TABLE d.keyless (v INT); INSERT INTO d.t VALUES (0,'old')";

/// Writes the source's changes to sql.log, in groups of 16.
struct SqlFileTask {
    explicit SqlFileTask(bool reverse) : ini(pair.ini()) {
        ini.set("sinker", "sink_type", "sql")
            .set("sinker", "reverse", reverse ? "true" : "false")
            .set("pipeline", "buffer_size", "16");
        pair.run_on_both(tables);
        run_worker([&](WorkerProcess&) {
            pair.source.run(
                "BEGIN; INSERT INTO d.t SELECT seq, 'x' FROM seq_1_to_1000;"
                "INSERT INTO d.keyless SELECT seq % 7 FROM seq_1_to_100; DELETE FROM d.t WHERE id "
                "< 9;"
                "UPDATE d.t SET v=id; UPDATE d.keyless SET v=3 WHERE v=4; COMMIT");
        });
    }
    template <typename Then>
    void run_worker(Then then) {
        WorkerProcess worker(ini, pair.folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        then(worker);
        worker.wait_for_checkpoint(pair.source.binlog_end());
        CHECK(worker.stop().status.code == 0);
    }
    fs::path file() const { return pair.log_folder() / "sql.log"; }

    MariadbPair pair;
    TaskIni ini;
};

/// As tac does.
std::string from_last_to_first(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
    std::reverse(lines.begin(), lines.end());
    std::string result;
    for (const auto& line : lines) result += line;
    return result;
}

}  // namespace

TEST_CASE("sql.log: cut inside a large transaction, it ends as if it had not been") {
    SqlFileTask task(false);
    const std::string whole = read_file(task.file());
    const auto begin = whole.find("BEGIN;");
    REQUIRE(whole.find("BEGIN;", begin + 1) == std::string::npos);
    for (const double part : {0.1, 0.5, 0.999}) {
        INFO(part);
        const auto tail = static_cast<double>(whole.size() - begin);
        fs::resize_file(task.file(), begin + static_cast<std::size_t>(part * tail));
        // position.log still holds the position that the file has lost.
        task.run_worker([&](WorkerProcess& worker) {
            worker.wait_for("the rest", [&] { return fs::file_size(task.file()) >= whole.size(); });
        });
        // Positions may be repeated behind it.
        CHECK(read_file(task.file()).starts_with(whole));
        CHECK(read_file(task.file()).find("BEGIN;", begin + 1) == std::string::npos);
    }
    task.pair.target.run(read_file(task.file()));
    CHECK(task.pair.differences() == "");
}

TEST_CASE("sql.log: reversed and read from last to first, a large transaction is undone") {
    SqlFileTask task(true);
    task.pair.source.run(from_last_to_first(read_file(task.file())));
    CHECK(task.pair.differences() == "");
}
