#include "daemon/page/metrics_text.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "test/browser/sample_tasks.hpp"
#include "test/unit/daemon/metrics_reader.hpp"

namespace dts {

namespace {

using test::Metrics;
using test::read_metrics;
using test::SampleTasks;

/// The value of the one sample with these labels; nothing when there is none.
std::optional<double> value_of(const Metrics& metrics, const std::string& family,
                               const std::map<std::string, std::string>& labels,
                               const std::string& suffix = {}) {
    const auto found = metrics.find(family);
    if (found == metrics.end()) return std::nullopt;
    for (const auto& sample : found->second.samples) {
        if (sample.name == family + suffix && sample.labels == labels) return sample.value;
    }
    return std::nullopt;
}

Metrics metrics_of(const SampleTasks& tasks) {
    return read_metrics(metrics_text(tasks.views(), tasks.now_us()));
}

}  // namespace

TEST_CASE("metrics: the text of tasks in every state is what a scraper reads", "[metrics]") {
    SampleTasks tasks;
    tasks.add_all_kinds();
    const Metrics metrics = metrics_of(tasks);
    for (const TaskView* task : tasks.views()) {
        INFO(task->name);
        double states = 0;
        for (const auto& sample : metrics.at("dts_task_state").samples) {
            if (sample.labels.at("task") == task->name) states += sample.value;
        }
        CHECK(states == 1);
    }
    CHECK(metrics.at("dts_task_state").samples.size() == 8 * tasks.views().size());
    CHECK(value_of(metrics, "dts_task_state", {{"task", "archive"}, {"state", "gap"}}) == 1);
    CHECK(value_of(metrics, "dts_task_state", {{"task", "shop-orders"}, {"state", "caught_up"}}) ==
          1);
    CHECK(value_of(metrics, "dts_build_info", {{"version", DTS_VERSION}}) == 1);
}

TEST_CASE("metrics: up are the tasks that apply changes", "[metrics]") {
    SampleTasks tasks;
    tasks.add_all_kinds();
    const Metrics metrics = metrics_of(tasks);
    const auto up = [&](const char* task) {
        return value_of(metrics, "dts_task_up", {{"task", task}}).value();
    };
    CHECK(up("shop-orders") == 1);
    CHECK(up("billing") == 1);
    CHECK(up("web-analytics") == 1);
    for (const char* task :
         {"crm-mirror", "inventory", "archive", "legacy", "loyalty", "staging"}) {
        INFO(task);
        CHECK(up(task) == 0);
    }
    CHECK(value_of(metrics, "dts_task_enabled", {{"task", "legacy"}}) == 0);
    CHECK(value_of(metrics, "dts_task_ini_valid", {{"task", "web-analytics"}}) == 0);
    CHECK(value_of(metrics, "dts_task_ini_valid", {{"task", "shop-orders"}}) == 1);
}

TEST_CASE("metrics: what is not known is absent", "[metrics]") {
    SampleTasks tasks;
    tasks.add_running("fresh", TaskState::starting, -1).worker->recorded_us = 0;
    tasks.add_running("odd", TaskState::streaming, std::nan(""));
    tasks.add("off", TaskState::stopped).since_us = 0;
    const Metrics metrics = metrics_of(tasks);
    for (const auto& [name, family] : metrics) {
        for (const auto& sample : family.samples) {
            INFO(sample.name);
            CHECK(sample.value >= 0);
        }
    }
    CHECK(metrics.at("dts_task_lag_seconds").samples.empty());
    CHECK_FALSE(value_of(metrics, "dts_task_checkpoint_age_seconds", {{"task", "fresh"}}));
    CHECK(value_of(metrics, "dts_task_checkpoint_age_seconds", {{"task", "odd"}}) == 4);
    CHECK(metrics.at("dts_task_last_error_timestamp_seconds").samples.empty());
    CHECK_FALSE(value_of(metrics, "dts_task_applied_changes_total", {{"task", "off"}}));
    CHECK_FALSE(value_of(metrics, "dts_task_state_timestamp_seconds", {{"task", "off"}}));
}

TEST_CASE("metrics: figures are in base units", "[metrics]") {
    SampleTasks tasks;
    TaskView& task = tasks.add_running("shop", TaskState::streaming, 2.5);
    task.unit.restarts = 3;
    task.worker->retries = 5;
    task.worker->last_error_us = tasks.now_us() - 1'500'000;
    const Metrics metrics = metrics_of(tasks);
    const auto value = [&](const char* name) {
        return value_of(metrics, name, {{"task", "shop"}});
    };
    CHECK(value("dts_task_lag_seconds") == 2.5);
    CHECK(value("dts_task_extracted_changes_total") == 48'211'904);
    CHECK(value("dts_task_extracted_bytes_total") == 9'412'331'520);
    CHECK(value("dts_task_applied_changes_total") == 48'211'377);
    CHECK(value("dts_task_applied_bytes_total") == 9'412'228'096);
    CHECK(value("dts_task_queue_bytes") == 105'472);
    CHECK(value("dts_task_restarts_total") == 3);
    CHECK(value("dts_task_retries_total") == 5);
    CHECK(value("dts_task_last_error_timestamp_seconds") == 1'795'653'665.5);
    CHECK(value_of(metrics, "dts_task_info",
                   {{"task", "shop"},
                    {"source", "mysql 10.0.0.4:3306"},
                    {"target", "mysql 10.0.0.9:3306"}}) == 1);
}

TEST_CASE("metrics: latencies are a cumulative histogram in seconds", "[metrics]") {
    SampleTasks tasks;
    TaskView& task = tasks.add_running("shop", TaskState::streaming, 0);
    task.worker->apply_latency.counts = {1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 4, 8};
    task.worker->apply_latency.sum_us = 123'456'789;
    const Metrics metrics = metrics_of(tasks);
    const auto bucket = [&](const char* bound) {
        return value_of(metrics, "dts_task_apply_latency_seconds",
                        {{"task", "shop"}, {"le", bound}}, "_bucket");
    };
    CHECK(bucket("0.001") == 1);
    CHECK(bucket("0.002") == 3);
    CHECK(bucket("0.25") == 3);
    CHECK(bucket("5") == 3);
    CHECK(bucket("30") == 7);
    CHECK(bucket("+Inf") == 15);
    CHECK(value_of(metrics, "dts_task_apply_latency_seconds", {{"task", "shop"}}, "_sum") ==
          123.456789);
    CHECK(value_of(metrics, "dts_task_apply_latency_seconds", {{"task", "shop"}}, "_count") == 15);
}

TEST_CASE("metrics: labels survive quotes, backslashes, line ends and bytes that are no UTF-8",
          "[metrics]") {
    SampleTasks tasks;
    tasks.add("shop", TaskState::stopped).source = "a \"b\" \\ c\nd \xff e";
    const Metrics metrics = metrics_of(tasks);
    REQUIRE(metrics.at("dts_task_info").samples.size() == 1);
    CHECK(metrics.at("dts_task_info").samples[0].labels.at("source") == "a \"b\" \\ c\nd \uFFFD e");
}

TEST_CASE("metrics: without tasks there is the build alone", "[metrics]") {
    const Metrics metrics = read_metrics(metrics_text({}, test::sample_now_us));
    CHECK(metrics.at("dts_build_info").samples.size() == 1);
    CHECK(metrics.at("dts_task_state").samples.empty());
}

TEST_CASE("metrics reader: refuses what a scraper would refuse", "[metrics]") {
    CHECK_THROWS(read_metrics("dts_x 1\n"));
    CHECK_THROWS(read_metrics("# HELP dts_x X.\n# TYPE dts_x gauge\ndts_x 1"));
    CHECK_THROWS(read_metrics("# HELP dts_x X.\n# TYPE dts_x gauge\ndts_x 1\ndts_x 2\n"));
    CHECK_THROWS(read_metrics("# HELP dts_x X.\n# TYPE dts_x gauge\ndts_x{a=\"\\t\"} 1\n"));
    CHECK_THROWS(read_metrics("# HELP dts_x X.\n# TYPE dts_x gauge\ndts_x{a=\"b} 1\n"));
    CHECK_THROWS(read_metrics("# HELP dts_x X.\n# TYPE dts_x counter\ndts_x 1\n"));
    CHECK_THROWS(read_metrics("# HELP dts_x X.\n# TYPE dts_x gauge\ndts_y 1\n"));
    CHECK_NOTHROW(
        read_metrics("# HELP dts_x X.\n# TYPE dts_x gauge\ndts_x{a=\"\\n\",b=\"c\"} 1\n"));
}

}  // namespace dts
