#include "lib/config/task_config.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "test/unit/config/minimal_ini.hpp"

using namespace dts;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

// The rest of the examples, which show [extractor] and [resumer] only.
constexpr std::string_view beside =
    "[extractor]\nserver_id=2000\nurl=mysql://root:123456@127.0.0.1:3307?ssl-mode=disabled\n"
    "[sinker]\ndb_type=mysql\nsink_type=write\n"
    "url=mysql://root:123456@127.0.0.1:3308?ssl-mode=disabled\n"
    "[filter]\ndo_dbs=\nignore_dbs=\ndo_tbs=test_db.*\nignore_tbs=\n"
    "do_events=insert,update,delete\n";

constexpr std::string_view example =
    "[extractor]\ndb_type=mysql\nextract_type=cdc\nbinlog_position=73351\n"
    "binlog_filename=mysql-bin.000004\n";

TaskConfig config_of_example(std::string_view resumer) {
    std::string text(example);
    text += resumer;
    text += beside;
    return make_task_config(parse_ini(text, "task1.ini"), "task1", nullptr);
}

}  // namespace

TEST_CASE("task config: the example that resumes from the log loads") {
    const auto config = config_of_example("[resumer]\nresume_from_log=true\n");
    CHECK(config.resumer.resume_from == ResumeFrom::log);
    CHECK_FALSE(config.resumer.log_dir);
    CHECK(config.extractor.mysql_cdc.binlog_filename == "mysql-bin.000004");
    CHECK(config.extractor.mysql_cdc.binlog_position == 73351);
    CHECK(config.extractor.mysql_cdc.server_id == 2000);
    CHECK(config.extractor.endpoint.password == "123456");
    CHECK(config.extractor.endpoint.ssl_mode == SslMode::disable);
    CHECK(config.sinker.endpoint->port == 3308);
    CHECK(config.filter.do_tbs == "test_db.*");
    CHECK(config.runtime.log_dir == "./logs");
    CHECK(config.notes.empty());
}

TEST_CASE("task config: the example that resumes from a file loads") {
    const auto config = config_of_example("[resumer]\nresume_config_file=./resume.config\n");
    CHECK(config.resumer.resume_from == ResumeFrom::nothing);
    CHECK(config.resumer.config_file == "./resume.config");
}

TEST_CASE("task config: the least ini has the defaults of the table") {
    const auto config = config_of();
    CHECK(config.global.task_id == "task1@127.0.0.1:3306->127.0.0.1:3307");
    CHECK(config.global.enabled);
    CHECK(config.extractor.batch_size == 16000);
    CHECK(config.extractor.mysql_cdc.binlog_heartbeat_interval == 10s);
    CHECK_FALSE(config.extractor.heartbeat_table);
    CHECK(config.sinker.batch_size == 1000);
    CHECK(config.sinker.replace);
    CHECK_FALSE(config.sinker.transaction_isolation);
    CHECK(config.parallelizer.parallel_type == ParallelType::serial);
    CHECK(config.pipeline.buffer_bytes == 64U << 20);
    CHECK(config.pipeline.checkpoint_interval == 10s);
    CHECK(config.pipeline.exactly_once == ExactlyOnce::automatic);
    CHECK(config.filter.do_events == "*");
    CHECK(config.resumer.position_table.schema == "dts_metadata");
    CHECK(config.resumer.position_table.table == "task_position");
    CHECK(config.runtime.log_level == LogLevel::info);
}

TEST_CASE("task config: choices become the enumeration's values") {
    const auto config = config_of(
        "[sinker]\ntransaction_isolation=READ_COMMITTED\n[parallelizer]\nparallel_type=rdb_merge\n"
        "[pipeline]\nexactly_once=false\n[runtime]\nlog_level=WARN\n"
        "[global]\non_conflict=take_over\n");
    CHECK(config.sinker.transaction_isolation == TransactionIsolation::read_committed);
    CHECK(config.parallelizer.parallel_type == ParallelType::rdb_merge);
    CHECK(config.pipeline.exactly_once == ExactlyOnce::off);
    CHECK(config.runtime.log_level == LogLevel::warn);
    CHECK(config.global.on_conflict == OnConflict::take_over);
    CHECK(config_of("[pipeline]\nexactly_once=true\n").pipeline.exactly_once ==
          ExactlyOnce::required);
}

TEST_CASE("task config: a missing required key is named with what it is for") {
    const auto fault = [](const char* text) {
        try {
            make_task_config(parse_ini(text, "t.ini"), "t", nullptr);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK_THAT(fault(""),
               Contains("t.ini: [extractor] db_type: is missing: the kind of the source"));
    CHECK_THAT(fault("[extractor]\ndb_type=mysql\n"),
               Contains("[extractor] extract_type: is missing"));
    CHECK_THAT(fault("[extractor]\ndb_type=mysql\nextract_type=cdc\n"),
               Contains("[extractor] url: is missing"));
    CHECK_THAT(fault("[extractor]\ndb_type=mysql\nextract_type=cdc\nurl=mysql://a\n"),
               Contains("[extractor] server_id: is missing") && Contains("1 to 4294967295"));
    CHECK_THAT(fault("[extractor]\ndb_type=mysql\nextract_type=cdc\nurl=mysql://a\nserver_id=1\n"),
               Contains("[sinker] url: is missing"));
}

TEST_CASE("task config: other sinks need no address") {
    const auto text =
        "[extractor]\ndb_type=mysql\nextract_type=cdc\nurl=mysql://[::1]\nserver_id=1\n"
        "[sinker]\nsink_type=";
    const auto config = [&](const char* type) {
        return make_task_config(parse_ini(std::string(text) + type, "t.ini"), "t", nullptr);
    };
    CHECK(config("sql").global.task_id == "t@[::1]:3306->sql");
    CHECK(config("dummy\n").global.task_id == "t@[::1]:3306->dummy");
    CHECK(config("sql\nreverse=true\n").sinker.reverse);
    CHECK_THAT(fault_with("[sinker]\nreverse=true\n"), Contains("is for sink_type=sql only"));
}

TEST_CASE("task config: the task id does not depend on the filters") {
    CHECK(config_of("[filter]\ndo_dbs=a\n").global.task_id == config_of().global.task_id);
    CHECK(config_of("[global]\ntask_id=mine\n").global.task_id == "mine");
    CHECK_THAT(fault_with("[global]\ntask_id=" + std::string(300, 'x') + "\n"),
               Contains("[global] task_id: has 300 bytes"));
}

TEST_CASE("task config: the task's file lies on top of the defaults") {
    const auto config =
        config_of("[pipeline]\nbuffer_size=5\ncheckpoint_interval_secs=\n",
                  "[pipeline]\nbuffer_size=7\ncheckpoint_interval_secs=3\n[runtime]\nlog_dir=/l\n");
    CHECK(config.pipeline.buffer_changes == 5);
    CHECK(config.pipeline.checkpoint_interval == 3s);
    CHECK(config.runtime.log_dir == "/l");
    CHECK_THAT(fault_with("", "[pipeline]\nbufer_size=7\n"), Contains("dts.conf:2: [pipeline]"));
}

TEST_CASE("task config: what has no effect is said once, by name") {
    const auto config = config_of(
        "[runtime]\nlog4rs_file=./log4rs.yaml\n[extractor]\napp_name=x\nslot_name=s\n"
        "[pipeline]\ncounter_time_window_secs=1\n[metacenter]\nanything=1\n"
        "[sinker]\ncheck_log_dir=/x\n[extractor]\nparallel_size=4\n");
    REQUIRE(config.notes.size() == 1);
    CHECK(config.notes[0] ==
          "settings without effect in this task: [extractor] app_name, [extractor] parallel_size, "
          "[extractor] slot_name, [metacenter] anything, [pipeline] counter_time_window_secs, "
          "[runtime] log4rs_file, [sinker] check_log_dir");
}

TEST_CASE("task config: a database in a url is noted as without effect") {
    const auto config = config_of("[sinker]\nurl=mysql://root:pw@db/shop\n");
    CHECK_THAT(config.notes.back(), Contains("the database in mysql://root:***@db/shop has no"));
}

TEST_CASE("task config: a repeated key is noted") {
    const auto config = config_of("[pipeline]\nbuffer_size=5\nbuffer_size=6\n");
    CHECK(config.pipeline.buffer_changes == 6);
    REQUIRE(config.notes.size() == 1);
    CHECK_THAT(config.notes[0], Contains("buffer_size is set again on line 11"));
}

TEST_CASE("task config: a start that is half said is refused, not taken for the current end") {
    CHECK_THAT(fault_with("[extractor]\nbinlog_position=7\n"),
               Contains("is set, binlog_filename is not"));
    CHECK_THAT(fault_with("[extractor]\ngtid_set=0-1-5\n"), Contains("gtid_enabled is not true"));
    CHECK(fault_with("[extractor]\nbinlog_position=0\nbinlog_filename=\n").empty());
    CHECK(config_of("[extractor]\ngtid_enabled=true\ngtid_set=0-1-5\n")
              .extractor.mysql_cdc.gtid_set == "0-1-5");
}

TEST_CASE("task config: a time-out below the heartbeat is refused") {
    CHECK_THAT(fault_with("[extractor]\nbinlog_timeout_secs=10\n"),
               Contains("must be more than binlog_heartbeat_interval_secs"));
}

TEST_CASE("task config: the heartbeat's table is db.tb") {
    const auto table = config_of("[extractor]\nheartbeat_tb=hb.`t`\n").extractor.heartbeat_table;
    REQUIRE(table);
    CHECK(table->schema == "hb");
    CHECK(table->table == "t");
    for (const char* bad : {"t", ".t", "hb.", "a.b.c"})
        CHECK_THAT(fault_with(std::string("[extractor]\nheartbeat_tb=") + bad + "\n"),
                   Contains("is not of the form db.tb"));
}

TEST_CASE("task config: older and newer spellings of the resumer say the same") {
    CHECK(config_of("[resumer]\nresume_type=from_log\n").resumer.resume_from == ResumeFrom::log);
    CHECK(config_of("[resumer]\nresume_type=from_target\n").resumer.resume_from ==
          ResumeFrom::target);
    CHECK(config_of("[resumer]\nresume_type=dummy\n").resumer.resume_from == ResumeFrom::nothing);
    CHECK(config_of("[resumer]\nlog_dir=/a\n").resumer.log_dir == "/a");
    CHECK(config_of("[resumer]\nresume_log_dir=/a\nlog_dir=/a\n").resumer.log_dir == "/a");
    CHECK(config_of("[resumer]\nconfig_file=/f\n").resumer.config_file == "/f");
    CHECK(
        config_of("[resumer]\nresume_from_log=true\nresume_type=from_log\n").resumer.resume_from ==
        ResumeFrom::log);
}

TEST_CASE("task config: two spellings set to different things are refused") {
    CHECK_THAT(fault_with("[resumer]\nresume_log_dir=/a\nlog_dir=/b\n"),
               Contains("task1.ini:11: [resumer] log_dir: differs from resume_log_dir"));
    CHECK_THAT(fault_with("[resumer]\nresume_config_file=/a\nconfig_file=/b\n"),
               Contains("differs from resume_config_file"));
    CHECK_THAT(fault_with("[resumer]\nresume_from_log=false\nresume_type=from_log\n"),
               Contains("differs from resume_from_log"));
    CHECK_THAT(fault_with("[resumer]\nresume_from_log=true\nresume_type=from_target\n"),
               Contains("differs from resume_from_log"));
}

TEST_CASE("task config: the task's spelling beats the other spelling in the defaults") {
    const auto shipped = "[resumer]\nresume_from_log=true\n";
    CHECK(config_of("", shipped).resumer.resume_from == ResumeFrom::log);
    CHECK(config_of("[resumer]\nresume_type=from_target\n", shipped).resumer.resume_from ==
          ResumeFrom::target);
    CHECK(config_of("[resumer]\nresume_type=dummy\n", shipped).resumer.resume_from ==
          ResumeFrom::nothing);
    CHECK(config_of("[resumer]\nresume_from_log=false\n", "[resumer]\nresume_type=from_log\n")
              .resumer.resume_from == ResumeFrom::nothing);
}

TEST_CASE("task config: resuming from a database needs its address, from a target a target") {
    CHECK_THAT(fault_with("[resumer]\nresume_type=from_db\n"),
               Contains("[resumer] url: is missing"));
    const auto config =
        config_of("[resumer]\nresume_type=from_db\nurl=mysql://db:3309\nusername=u\npassword=p\n");
    REQUIRE(config.resumer.database);
    CHECK(config.resumer.database->port == 3309);
    CHECK(config.resumer.database->username == "u");
    CHECK_THAT(fault_with("[resumer]\nresume_type=from_target\n[sinker]\nsink_type=dummy\n"),
               Contains("from_target needs"));
}

TEST_CASE("task config: 0 megabytes of buffer is the default, not none") {
    CHECK(config_of("[pipeline]\nbuffer_memory_mb=0\n").pipeline.buffer_bytes == 64U << 20);
    CHECK(config_of("[pipeline]\nbuffer_memory_mb=200\n").pipeline.buffer_bytes == 200U << 20);
}

TEST_CASE("task config: the two files are read from disk") {
    const auto folder = std::filesystem::temp_directory_path() /
                        ("dts_task_config_test." + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "task1.ini") << minimal_ini;
    std::ofstream(folder / "dts.conf") << "[runtime]\nlog_dir=/l\n";
    const auto config = load_task_config(folder / "task1.ini", "task1", folder / "dts.conf");
    CHECK(config.runtime.log_dir == "/l");
    CHECK(load_task_config(folder / "task1.ini", "task1").runtime.log_dir == "./logs");
    CHECK_THROWS_AS(load_task_config(folder / "task1.ini", "task1", folder / "none"), Error);
    std::filesystem::remove_all(folder);
}
