#include "lib/sink/enum_zero.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dts::enum_zero {

namespace {

constexpr std::uint64_t data_truncated = 1265;
constexpr std::uint64_t deprecated_syntax = 1287;  // VALUES(), character sets: strict mode too

/// The session's own, without STRICT_ALL_TABLES.
constexpr std::string_view lenient_mode =
    "sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION'";

}  // namespace

std::size_t count(const TableBinding& binding, const Value* after) noexcept {
    std::size_t zeros = 0;
    for (const std::uint16_t ordinal : binding.enums) {
        const Value& value = after[ordinal];
        if (value.kind() == ValueKind::uint64 && value.as_uint64() == 0) ++zeros;
    }
    return zeros;
}

bool is_in(const TableWrite& write) noexcept {
    const TableBinding& binding = *write.binding;
    if (binding.enums.empty()) return false;
    return std::any_of(write.rows.begin(), write.rows.end(), [&](const RowWrite& row) {
        return row.after != nullptr && count(binding, row.after) != 0;
    });
}

void allow(std::string& out, std::size_t begin, Dialect dialect) {
    // Each server takes the other's form for a comment.
    if (dialect != Dialect::mariadb) {
        out.insert(out.find(' ', begin), fmt::format(" /*+ SET_VAR({}) */", lenient_mode));
    }
    if (dialect == Dialect::mariadb) {
        out.insert(begin, fmt::format("SET STATEMENT {} FOR ", lenient_mode));
    } else if (dialect == Dialect::both) {
        out.insert(begin, fmt::format("/*M! SET STATEMENT {} FOR */ ", lenient_mode));
    }
}

void check(MysqlConnection& connection, std::size_t expected) {
    std::size_t zeros = 0;
    std::string other;
    auto warnings = connection.query("SHOW WARNINGS");
    while (const auto row = warnings.next()) {
        const std::uint64_t number = row->number(1);
        if ((*row)[0] == "Note" || number == deprecated_syntax) continue;
        if (number == data_truncated) {
            ++zeros;
            if (zeros <= expected) continue;
        }
        if (other.empty()) other = fmt::format("{}: {}", number, row->text(2));
    }
    if (zeros == expected && other.empty()) return;
    throw Error(ErrorKind::data,
                fmt::format("{} values are ENUM's error value, the target has cut {}{}", expected,
                            zeros, other.empty() ? "" : "; warning " + other),
                "do the target's columns hold what the source's do?");
}

}  // namespace dts::enum_zero
