#include "lib/change/table_schema.hpp"

#include <strings.h>

namespace dts {

const UniqueKey* TableSchema::row_key() const noexcept {
    for (const auto& key : unique_keys) {
        if (!key.nullable && !key.partial) return &key;
    }
    return nullptr;
}

bool TableSchema::same_column(std::string_view a, std::string_view b) const noexcept {
    if (!names_fold_case) return a == b;
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

int TableSchema::find(std::string_view column) const noexcept {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (same_column(columns[i].name, column)) return static_cast<int>(i);
    }
    return -1;
}

std::string TableSchema::display_name() const {
    const char quote = names_fold_case ? '`' : '"';
    std::string name;
    for (const std::string* part : {&schema, &table}) {
        if (part == &table) name += '.';
        name += quote + *part + quote;
    }
    return name;
}

}  // namespace dts
