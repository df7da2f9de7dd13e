#include "lib/config/collection_ddls.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dts {

namespace {

using Items = std::vector<std::string>;

const Items& known_items() {
    static const Items items = {"create_table", "drop_table", "rename_table", "alter_table",
                                "create_index", "drop_index", "drop_database"};
    return items;
}

bool has(const Items& items, std::string_view item) {
    return std::find(items.begin(), items.end(), item) != items.end();
}

Items items_of(std::string_view list) {
    Items items;
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        auto item = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (!item.empty() && !has(items, item)) items.emplace_back(item);
    }
    return items;
}

}  // namespace

std::vector<std::string> read_collection_ddls(const Settings& settings, bool follows_oplog,
                                              bool never_exactly_once) {
    const auto refuse = [&](const std::string& text, const std::string& hint) {
        return settings.error("filter", "do_ddls", text, hint);
    };
    const auto text = settings.text("filter", "do_ddls");
    Items items = text == "*" ? known_items() : items_of(text);
    for (const auto& item : items) {
        if (!has(known_items(), item))
            throw refuse(fmt::format("{} is none of mongo's", item),
                         fmt::format("* or some of {}", fmt::join(known_items(), ",")));
    }
    // A rename whose collection is not in the target counts as done. That it was never made there
    // must not look the same.
    if (has(items, "rename_table") && !has(items, "create_table"))
        throw refuse("has rename_table, but not create_table",
                     "add create_table: an empty collection is then in the target, too, and can be "
                     "renamed there");
    if (has(items, "drop_database") && !has(items, "drop_table"))
        throw refuse("has drop_database, but not drop_table",
                     "add drop_table: a database is dropped collection by collection");
    // position.log names whole seconds of the oplog, which are read again: a rename among them
    // would meet what was written before it under the old name.
    if (!items.empty() && follows_oplog && never_exactly_once)
        throw refuse(
            "is set with source=op_log and exactly_once=false, whose records name no exact "
            "place",
            "set [pipeline] exactly_once=auto, or [extractor] source=change_stream");
    return items;
}

}  // namespace dts
