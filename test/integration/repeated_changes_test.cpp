// At least once, on a target with columns of its own and a second unique key: changes that are
// repeated after a crash end the task rather than harm another row, and there is a way on.
#include <catch2/catch.hpp>

#include "test/integration/server_pair.hpp"

using namespace dts;
using namespace dts::test;
namespace fs = std::filesystem;

namespace {

struct Repetition : MariadbPair {
    Repetition() : task(ini()) {
        run_on_both("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, v INT UNIQUE)");
        target.run("ALTER TABLE d.t ADD mine INT NOT NULL DEFAULT 7");
        task.set("pipeline", "exactly_once", "false");
        apply("INSERT INTO d.t VALUES (1,1),(2,9)");
    }
    void apply(const char* changes) {
        WorkerProcess worker(task, folder.path());
        worker.wait_for_line("MysqlCdcExtractor starts");
        source.run(changes);
        worker.wait_for_checkpoint(source.binlog_end());
        worker.stop();
    }
    /// Leaves the log folder as a crash does, before the changes were recorded.
    void apply_and_forget(const char* changes) {
        const fs::path before = folder / "before";
        fs::copy(log_folder(), before, fs::copy_options::recursive);
        apply(changes);
        fs::remove_all(log_folder());
        fs::rename(before, log_folder());
        target.run("UPDATE d.t SET mine=id");
    }
    void check_refused_with_hint() {
        WorkerProcess worker(task, folder.path());
        const auto outcome = worker.wait_for_exit();
        CHECK(outcome.status.code == 76);
        CHECK_THAT(outcome.output, Catch::Contains("drop that unique key in the target"));
    }
    /// As the hint says. The state of the target then.
    std::string go_on_without_key() {
        target.run("ALTER TABLE d.t DROP INDEX v");
        apply("INSERT INTO d.t VALUES (3,3)");
        target.run("ALTER TABLE d.t ADD UNIQUE (v)");
        return state();
    }
    std::string state() {
        return target.scalar("SELECT GROUP_CONCAT(id, ':', v, ':', mine ORDER BY id) FROM d.t");
    }

    TaskIni task;
};

}  // namespace

TEST_CASE("repeated changes: an insert does not take the place of another row, 76") {
    Repetition r;
    // The value 5 was that of a row that is gone.
    r.apply_and_forget(
        "INSERT INTO d.t VALUES (5,5); DELETE FROM d.t WHERE id=5; UPDATE d.t SET v=5 WHERE id=2");
    r.check_refused_with_hint();
    CHECK(r.state() == "1:1:1,2:5:2");
    CHECK(r.go_on_without_key() == "1:1:1,2:5:2,3:3:7");
}

TEST_CASE("repeated changes: an update meets the unique value that another row got since, 76") {
    Repetition r;
    r.apply_and_forget(
        "UPDATE d.t SET v=2 WHERE id=1; UPDATE d.t SET v=3 WHERE id=1;"
        "UPDATE d.t SET v=2 WHERE id=2; UPDATE d.t SET v=4 WHERE id=1");
    r.check_refused_with_hint();
    CHECK(r.go_on_without_key() == "1:4:1,2:2:2,3:3:7");
}
