// The tables that rows of the stream belong to: found by the number a TABLE_MAP event gives them,
// kept as long as their definition stays the same, asked for in the catalog once. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/source/mysql/table_decoding.hpp"

namespace dts {

/// A table as the stream knows it.
struct StreamTable {
    std::string schema;
    std::string table;
    bool subscribed = false;
    std::vector<std::byte> map;             ///< its TABLE_MAP event's body
    std::optional<TableDecoding> decoding;  ///< once rows of it were met
    bool is_stale = false;                  ///< the decoding is to be made anew before its next use
    std::uint64_t batch = 0;                ///< the last batch that keeps its schema alive
};

class TableRegistry {
  public:
    using Selector = std::function<bool(std::string_view schema, std::string_view table)>;

    TableRegistry(Selector selector, TableCatalog& catalog)
        : selector_(std::move(selector)), catalog_(catalog) {}

    /// Takes a TABLE_MAP event.
    void announce(Bytes body);

    /// The table of that number. Throws Error{data} when no TABLE_MAP announced it. Valid until the
    /// next announce() or definition_changed().
    StreamTable& find(std::uint64_t table_id);

    /// How its rows, written at that time (seconds since the epoch), are read; asks the catalog
    /// when it must. The schema stays the same object as long as it is the same schema. Throws as
    /// make_table_decoding() does.
    const TableDecoding& decoding(StreamTable& table, std::int64_t rows_time);

    /// A definition statement passed, which ended at that time: what it may concern is asked for
    /// anew.
    void definition_changed(std::string_view sql, std::int64_t ended);

    /// The stream begins anew: numbers may mean other tables now.
    void forget_numbers();

    /// Drops numbers that the server has used up, where many are held. Between transactions only:
    /// the rows of one may come long behind what announced their table.
    void drop_used_numbers() {
        if (by_number_.size() >= most_numbers) forget_numbers();
    }

    bool is_subscribed(std::string_view schema, std::string_view table) const {
        return selector_(schema, table);
    }

  private:
    using Tables = std::unordered_map<std::string, std::shared_ptr<StreamTable>>;

    std::shared_ptr<StreamTable> table_named(std::string_view schema, std::string_view table);

    /// Numbers a server has used up are dropped beyond this many; they are announced again.
    static constexpr std::size_t most_numbers = 8192;

    Selector selector_;
    TableCatalog& catalog_;
    Tables by_name_;
    std::unordered_map<std::uint64_t, std::shared_ptr<StreamTable>> by_number_;
    std::uint64_t last_number_ = 0;
    StreamTable* last_ = nullptr;
    std::int64_t definitions_known_until_ = 0;  ///< when the last definition statement ended
};

}  // namespace dts
