// What the server's information_schema says of a table *now*. Rows in the binlog may be older: who
// uses a definition must check that it fits them (table_decoding.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/change/table_schema.hpp"
#include "lib/source/mysql/open_questions.hpp"

namespace dts {

struct TableDefinition {
    TableSchema schema;
    std::vector<std::string> data_types;  ///< of each column, lower case: "int", "uuid", ...
    std::vector<std::uint64_t> octets;    ///< of each column: most bytes of text; 0: not said
    std::int64_t defined_at = 0;          ///< seconds since the epoch; 0: the server does not say
    bool is_transactional = true;         ///< its engine can roll back
    bool is_system_versioned = false;     ///< MariaDB keeps the table's history in it
    unsigned hash_keys = 0;  ///< MariaDB: unique keys over hidden columns behind the last one

    std::uint64_t octets_of(std::size_t column) const noexcept {
        return column < octets.size() ? octets[column] : 0;
    }
};

class TableCatalog {
  public:
    virtual ~TableCatalog() = default;

    /// Nothing when there is no such table, or the account may not see it.
    virtual std::optional<TableDefinition> find(std::string_view schema,
                                                std::string_view table) = 0;

    /// The character set of a collation number; "" for one the server does not know.
    virtual std::string charset_of(std::uint32_t collation) = 0;

    /// Text in one of the server's character sets as UTF-8.
    virtual std::string to_utf8(std::string_view text, std::string_view charset) = 0;

    /// May connect.
    virtual bool is_mariadb() = 0;
};

/// The catalog of a server. Connects when first asked and again when the connection was lost
/// meanwhile: hours may lie between two questions. One thread.
class MysqlCatalog final : public TableCatalog {
  public:
    /// `questions` must outlive it, and can interrupt what it asks.
    MysqlCatalog(MysqlEndpoint endpoint, OpenQuestions& questions)
        : endpoint_(std::move(endpoint)), questions_(questions) {}

    std::optional<TableDefinition> find(std::string_view schema, std::string_view table) override;
    std::string charset_of(std::uint32_t collation) override;
    std::string to_utf8(std::string_view text, std::string_view charset) override;
    bool is_mariadb() override;

  private:
    MysqlConnection& connection();
    template <typename Ask>
    auto ask(Ask question);
    void load_charsets();

    MysqlEndpoint endpoint_;
    OpenQuestions& questions_;
    std::unique_ptr<AskedConnection> connection_;
    std::unordered_map<std::uint32_t, std::string> charsets_;
};

}  // namespace dts
