#include "lib/source/postgres/binary_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace dts {

namespace {

constexpr int oldest_version = 140000;
constexpr int column_lists_version = 150000;
constexpr int generated_columns_version = 180000;

/// `base`: of each type that meets the condition, what is beneath its domains. `before`: what the
/// condition names, with a comma behind it.
std::string with_base_types(std::string_view before, std::string_view condition) {
    return fmt::format(
        "WITH RECURSIVE {}base AS (SELECT oid AS id, typnamespace, typname, typtype, typbasetype "
        "FROM pg_catalog.pg_type WHERE {} UNION ALL SELECT base.id, t.typnamespace, t.typname, "
        "t.typtype, t.typbasetype FROM base JOIN pg_catalog.pg_type t ON t.oid=base.typbasetype "
        "WHERE base.typtype='d') ",
        before, condition);
}

std::set<std::uint32_t> read_enums(PostgresConnection& connection) {
    const auto result = connection.query(with_base_types("", "typtype IN ('d', 'e')") +
                                         "SELECT id FROM base WHERE typtype='e'");
    std::set<std::uint32_t> enums;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const std::string_view text = result.at(i, 0);
        std::uint32_t id = 0;
        std::from_chars(text.data(), text.data() + text.size(), id);
        enums.insert(id);
    }
    return enums;
}

/// Has the publication a column, of a table that is read, whose type has no form?
bool has_other_types(PostgresConnection& connection, const std::string& publication,
                     const TableSelector& reads) {
    const int version = connection.version();
    const std::string columns = fmt::format(
        "c AS MATERIALIZED (SELECT p.schemaname, p.tablename, a.atttypid FROM "
        "pg_catalog.pg_publication_tables p JOIN pg_catalog.pg_namespace n ON "
        "n.nspname=p.schemaname JOIN pg_catalog.pg_class c ON c.relnamespace=n.oid AND "
        "c.relname=p.tablename JOIN pg_catalog.pg_attribute a ON a.attrelid=c.oid AND a.attnum>0 "
        "AND NOT a.attisdropped{}{} WHERE p.pubname={}), ",
        version < generated_columns_version ? " AND a.attgenerated=''" : "",
        version < column_lists_version ? "" : " AND a.attname=ANY(p.attnames)",
        postgres::quote_literal(publication));
    const auto result = connection.query(
        with_base_types(columns, "oid IN (SELECT atttypid FROM c)") +
        fmt::format("SELECT DISTINCT schemaname, tablename FROM c WHERE atttypid IN (SELECT id "
                    "FROM base WHERE typtype NOT IN ('d', 'e') AND NOT (typname IN ({}) AND "
                    "typnamespace='pg_catalog'::pg_catalog.regnamespace))",
                    binary_type_names()));
    for (std::size_t i = 0; i < result.size(); ++i)
        if (reads(result.at(i, 0), result.at(i, 1))) return true;
    return false;
}

Error no_more(const std::string& reason) {
    return {ErrorKind::transient,
            reason + "; nothing is lost: it is read once more, as text where need be",
            "[extractor] binary_values=false reads text from the start"};
}

}  // namespace

void BinaryChoice::choose(PostgresConnection& connection, const std::string& publication,
                          const TableSelector& reads) {
    is_binary_ = false;
    if (is_given_up_ || connection.version() < oldest_version ||
        has_other_types(connection, publication, reads))
        return;
    auto enums = read_enums(connection);
    if (std::includes(enums.begin(), enums.end(), met_.begin(), met_.end()))
        choose_binary(std::move(enums));
}

void BinaryChoice::choose_binary(std::set<std::uint32_t> enums) {
    enums_ = std::move(enums);
    is_binary_ = true;
}

std::vector<BinaryForm> BinaryChoice::forms_of(const pgoutput::Relation& relation,
                                               const TableSchema& schema) {
    std::vector<BinaryForm> forms;
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
        const std::uint32_t type = relation.columns[i].type;
        const Column& column = schema.columns[i];
        const BinaryForm form =
            enums_.count(type) != 0 ? BinaryForm::same : binary_form(column.base_type);
        if (form == BinaryForm::none) {
            if (!met_.insert(type).second) is_given_up_ = true;
            throw no_more(fmt::format(
                "column {} of source table {} has the type {}, which this "
                "stream can not read in binary",
                postgres::quote_identifier(column.name), schema.display_name(), column.base_type));
        }
        forms.push_back(form);
    }
    return forms;
}

void BinaryChoice::give_up(const TableSchema& table, const Error& error) {
    is_given_up_ = true;
    throw no_more(
        fmt::format("a row of source table {} in binary: {}", table.display_name(), error.text()));
}

}  // namespace dts
