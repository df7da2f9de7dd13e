#include "test/servers/task_ini.hpp"

#include "test/servers/database_server.hpp"
#include "test/servers/postgres_server.hpp"

namespace dts::test {

namespace {

std::string_view db_type(const SqlServer& server) {
    return server.kind() == SqlKind::postgres ? "pg" : "mysql";
}

TaskIni cdc(const SqlServer& source, const SqlServer& target, std::string_view do_dbs) {
    TaskIni ini;
    ini.set("extractor", "db_type", db_type(source))
        .set("extractor", "extract_type", "cdc")
        .set("extractor", "url", source.url())
        .set("sinker", "db_type", db_type(target))
        .set("sinker", "url", target.url())
        .set("parallelizer", "parallel_type", "rdb_merge")
        .set("pipeline", "checkpoint_interval_secs", "1")
        .set("filter", "do_dbs", do_dbs)
        .set("filter", "do_events", "insert,update,delete")
        .set("resumer", "resume_from_log", "true");
    return ini;
}

}  // namespace

TaskIni TaskIni::mysql_cdc(const DatabaseServer& source, const SqlServer& target,
                           std::string_view do_dbs) {
    // Its own among the replicas of the source, and of the other workers of the test.
    static unsigned next_server_id = 2001;
    TaskIni ini = cdc(source, target, do_dbs);
    ini.set("extractor", "server_id", std::to_string(next_server_id++))
        .set("extractor", "binlog_heartbeat_interval_secs", "1");
    return ini;
}

TaskIni TaskIni::postgres_cdc(const PostgresServer& source, const SqlServer& target,
                              std::string_view do_dbs) {
    TaskIni ini = cdc(source, target, do_dbs);
    ini.set("extractor", "slot_name", "dts_test").set("extractor", "keepalive_interval_secs", "1");
    return ini;
}

TaskIni::Section& TaskIni::section(std::string_view name) {
    for (auto& section : sections_) {
        if (section.name == name) return section;
    }
    return sections_.emplace_back(Section{std::string(name), {}});
}

TaskIni& TaskIni::set(std::string_view section, std::string_view key, std::string_view value) {
    remove(section, key);
    this->section(section).keys.emplace_back(key, value);
    return *this;
}

TaskIni& TaskIni::remove(std::string_view section, std::string_view key) {
    std::erase_if(this->section(section).keys,
                  [&](const auto& entry) { return entry.first == key; });
    return *this;
}

std::string TaskIni::text() const {
    std::string text;
    for (const auto& section : sections_) {
        text += fmt::format("[{}]\n", section.name);
        for (const auto& [key, value] : section.keys) text += fmt::format("{}={}\n", key, value);
        text += '\n';
    }
    return text;
}

std::filesystem::path TaskIni::write(const std::filesystem::path& file) const {
    write_file(file, text());
    return file;
}

}  // namespace dts::test
