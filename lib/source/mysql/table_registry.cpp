#include "lib/source/mysql/table_registry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/source/mysql/statement.hpp"

namespace dts {

void TableRegistry::announce(Bytes body) {
    const TableMapKey key = parse_table_map_key(body);
    const auto is_same = [&](const StreamTable& table) {
        return std::equal(body.begin(), body.end(), table.map.begin(), table.map.end());
    };
    if (last_ != nullptr && last_number_ == key.table_id && is_same(*last_)) return;
    auto& known = by_number_[key.table_id];
    if (!known || !is_same(*known)) {
        known = table_named(key.schema, key.table);
        // The number in front changes more often than what follows it.
        const std::size_t behind_number = body.size() - key.definition.size();
        const bool same_columns =
            known->map.size() == body.size() &&
            std::equal(key.definition.begin(), key.definition.end(),
                       known->map.begin() + static_cast<std::ptrdiff_t>(behind_number));
        known->is_stale |= !same_columns;
        known->map.assign(body.begin(), body.end());
    }
    last_ = known.get();
    last_number_ = key.table_id;
}

StreamTable& TableRegistry::find(std::uint64_t table_id) {
    if (last_ != nullptr && last_number_ == table_id) return *last_;
    const auto found = by_number_.find(table_id);
    if (found == by_number_.end())
        throw Error(ErrorKind::data,
                    fmt::format("rows of table number {}, which no event announced", table_id),
                    "is the start position inside a transaction?");
    last_ = found->second.get();
    last_number_ = table_id;
    return *last_;
}

const TableDecoding& TableRegistry::decoding(StreamTable& table, std::int64_t rows_time) {
    if (table.decoding && !table.is_stale) return *table.decoding;
    const auto flavour = catalog_.is_mariadb() ? Flavour::mariadb : Flavour::mysql;
    auto fresh = make_table_decoding(parse_table_map(table.map, flavour),
                                     catalog_.find(table.schema, table.table), catalog_,
                                     std::max(rows_time, definitions_known_until_));
    // Plans and prepared statements hang on the schema: an unrelated statement must not cost them.
    if (table.decoding && *table.decoding->schema == *fresh.schema) {
        fresh.schema = table.decoding->schema;
    } else {
        table.batch = 0;  // whatever keeps the old schema alive does not keep this one
    }
    table.decoding = std::move(fresh);
    table.is_stale = false;
    return *table.decoding;
}

void TableRegistry::definition_changed(std::string_view sql, std::int64_t ended) {
    definitions_known_until_ = std::max(definitions_known_until_, ended);
    const bool any = may_hide_names(sql);
    for (auto& [name, table] : by_name_) table->is_stale |= any || may_concern(sql, table->table);
}

void TableRegistry::forget_numbers() {
    by_number_.clear();
    last_ = nullptr;
}

std::shared_ptr<StreamTable> TableRegistry::table_named(std::string_view schema,
                                                        std::string_view table) {
    std::string name(schema);
    name += '\0';
    name += table;
    auto& known = by_name_[name];
    if (!known) {
        known = std::make_shared<StreamTable>();
        known->schema = schema;
        known->table = table;
        known->subscribed = selector_(schema, table);
    }
    return known;
}

}  // namespace dts
