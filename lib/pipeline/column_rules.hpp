// Settings about the columns of single tables, written as JSON:
// json:[{"db":"d","tb":"t","ignore_cols":["c1","c2"]}] and
// json:[{"db":"d","tb":"t","col_map":{"c1":"x1"}}]. Tables are named literally, a table comes once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dts {

struct ColumnList {
    std::string schema;
    std::string table;
    std::vector<std::string> columns;
};

struct ColumnMap {
    std::string schema;
    std::string table;
    std::vector<std::pair<std::string, std::string>> columns;  ///< source, target
};

/// The lists under `member` ("ignore_cols"). Throws Error{config} with `key` and what is wrong.
/// Empty text has no lists.
std::vector<ColumnList> parse_column_lists(std::string_view text, const char* member,
                                           std::string_view key);

/// The maps under `member` ("col_map"); likewise. No two columns of a table get one name.
std::vector<ColumnMap> parse_column_maps(std::string_view text, const char* member,
                                         std::string_view key);

}  // namespace dts
