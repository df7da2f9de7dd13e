#include "lib/source/postgres/subtransactions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace dts {

namespace {

/// Of one question.
constexpr std::size_t most_asked = 10'000;

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw Error(ErrorKind::data,
                    fmt::format("the source gives '{}' for a transaction's number", text));
    return value;
}

}  // namespace

/// The transaction may still be on its way out of the server's list of those in progress, and its
/// subtransactions with it; those that were taken back left it at once.
std::vector<std::uint32_t> aborted_among(PostgresConnection& connection,
                                         const std::vector<std::uint32_t>& subtransactions) {
    std::vector<std::uint32_t> aborted;
    for (std::size_t at = 0; at < subtransactions.size(); at += most_asked) {
        const std::uint64_t completed = number(
            connection
                .scalar(
                    "SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text")
                .value_or(""));
        std::string numbers;
        for (std::size_t i = at; i < std::min(at + most_asked, subtransactions.size()); ++i)
            fmt::format_to(std::back_inserter(numbers), "{}{}", numbers.empty() ? "" : ",",
                           whole_xid(subtransactions[i], completed));
        const auto answer = connection.query(fmt::format(
            "SELECT x::text, s IS NULL FROM (SELECT x, pg_catalog.pg_xact_status(x) AS s FROM "
            "pg_catalog.unnest('{{{}}}'::pg_catalog.xid8[]) AS x) AS asked WHERE s IS NULL OR "
            "s='aborted'",
            numbers));
        for (std::size_t row = 0; row < answer.size(); ++row) {
            if (answer.at(row, 1) == "t")
                throw Error(
                    ErrorKind::data,
                    fmt::format("the source no longer knows of transaction {}", answer.at(row, 0)));
            aborted.push_back(static_cast<std::uint32_t>(number(answer.at(row, 0))));
        }
    }
    return aborted;
}

}  // namespace dts
