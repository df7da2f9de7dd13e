#include "lib/config/definition_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dts {

namespace {

constexpr std::array<std::string_view, 8> noted_kinds = {
    "create_schema", "drop_schema", "create_table", "alter_table",
    "rename_table",  "drop_table",  "create_index", "drop_index"};

std::vector<std::string> items_of(std::string_view list) {
    std::vector<std::string> items;
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        auto item = list.substr(0, comma);
        while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
        while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
        if (!item.empty()) items.emplace_back(item);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return items;
}

}  // namespace

WantedDefinitions read_definitions(const Settings& settings, bool from_pg_to_pg) {
    WantedDefinitions wanted;
    const auto fault = [&](std::string_view what, std::string hint) {
        return settings.error("filter", "do_ddls", what, std::move(hint));
    };
    for (const std::string& item : items_of(settings.text("filter", "do_ddls"))) {
        if (!from_pg_to_pg)
            throw fault(
                fmt::format("{} is not built yet but from pg to pg in dts {}", item, DTS_VERSION),
                "leave it out: such statements are said in the log then");
        if (item == "*") {
            wanted.truncates = true;
            wanted.kinds.assign(noted_kinds.begin(), noted_kinds.end());
        } else if (item == "truncate_table") {
            wanted.truncates = true;
        } else if (std::find(noted_kinds.begin(), noted_kinds.end(), item) != noted_kinds.end()) {
            wanted.kinds.push_back(item);
        } else {
            throw fault(fmt::format("{} is not built yet in dts {}", item, DTS_VERSION),
                        fmt::format("of {}, truncate_table; * for all of them",
                                    fmt::join(noted_kinds, ", ")));
        }
    }
    if (wanted.kinds.empty()) return wanted;
    if (!settings.given("extractor", "ddl_meta_tb"))
        throw fault(fmt::format("{} needs [extractor] ddl_meta_tb: Postgres does not send such "
                                "statements by itself",
                                wanted.kinds.front()),
                    "the README says how to make it, \"DDL between two Postgres\"; truncate_table "
                    "alone needs none");
    if (settings.text("pipeline", "exactly_once") == "false")
        throw settings.error("pipeline", "exactly_once",
                             "is false, and [filter] do_ddls has statements that can not be "
                             "applied twice",
                             "leave one of the two out");
    return wanted;
}

}  // namespace dts
