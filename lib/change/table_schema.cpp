#include "lib/change/table_schema.hpp"

#include <strings.h>

namespace dts {

const UniqueKey* TableSchema::row_key() const noexcept {
    for (const auto& key : unique_keys) {
        if (!key.nullable && !key.partial) return &key;
    }
    return nullptr;
}

int TableSchema::find(std::string_view column) const noexcept {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string& name = columns[i].name;
        if (name.size() == column.size() &&
            strncasecmp(name.data(), column.data(), column.size()) == 0) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

std::string TableSchema::display_name() const {
    return "`" + schema + "`.`" + table + "`";
}

}  // namespace dts
