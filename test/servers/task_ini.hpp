// Builds the ini of a task, key by key; the later setting of a key wins.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dts::test {

class DatabaseServer;
class PostgresServer;
class SqlServer;

class TaskIni {
  public:
    /// A task that copies every change of `do_dbs` (a filter: names by comma, * for all) from
    /// source to target (of any kind), resumes from its log, and records its position each second.
    static TaskIni mysql_cdc(const DatabaseServer& source, const SqlServer& target,
                             std::string_view do_dbs);
    /// The same from a Postgres, through the slot "dts_test"; `do_dbs` names schemas.
    static TaskIni postgres_cdc(const PostgresServer& source, const SqlServer& target,
                                std::string_view do_dbs);

    TaskIni& set(std::string_view section, std::string_view key, std::string_view value);
    TaskIni& remove(std::string_view section, std::string_view key);

    std::string text() const;
    /// Writes text() to `file`, and gives it back.
    std::filesystem::path write(const std::filesystem::path& file) const;

  private:
    struct Section {
        std::string name;
        std::vector<std::pair<std::string, std::string>> keys;
    };
    Section& section(std::string_view name);

    std::vector<Section> sections_;
};

}  // namespace dts::test
