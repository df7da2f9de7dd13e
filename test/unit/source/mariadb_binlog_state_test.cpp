#include "lib/source/mysql/mariadb_binlog_state.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "lib/source/mysql/binlog_inventory.hpp"

using namespace dts;

namespace {

std::string ahead(const std::string& position, const std::string& binlog,
                  const std::string& replicated = "") {
    return MariadbBinlogState::parse(position)
        .not_reached_by(MariadbBinlogState::parse(binlog), MariadbBinlogState::parse(replicated))
        .text();
}

std::string needed(const std::string& purged, const std::string& end, const std::string& position) {
    return MariadbBinlogState::parse(purged)
        .needed_behind(MariadbBinlogState::parse(position), MariadbBinlogState::parse(end))
        .text();
}

}  // namespace

TEST_CASE("mariadb binlog state: several servers of a domain are read, nonsense is not") {
    CHECK(MariadbBinlogState::parse(" 0-5-100000,\n0-6-20000 ").text() == "0-5-100000,0-6-20000");
    CHECK(MariadbBinlogState::parse("").empty());
    for (const auto* text : {"0-5", "0-5-", "a", "0-5-1-2", "0-5-1,x", "-1-1-1"})
        CHECK_THROWS_AS(MariadbBinlogState::parse(text), Error);
}

TEST_CASE("mariadb binlog state: a position is reached by the numbers of its own server") {
    CHECK(ahead("0-5-100000", "0-5-100000,0-6-20000") == "");
    CHECK(ahead("0-6-20000", "0-5-100000,0-6-20000") == "");
    CHECK(ahead("0-6-20001", "0-5-100000,0-6-20000") == "0-6-20001");
    CHECK(ahead("0-7-1,1-1-1", "0-5-100000,1-1-2") == "0-7-1");
    CHECK(ahead("0-7-1", "0-5-100000", "0-7-1") == "");
    CHECK(ahead("0-5-3", "") == "0-5-3");
}

TEST_CASE("mariadb binlog state: what was purged is needed unless the position stands behind it") {
    for (const auto* purged : {"0-5-100000,0-6-20000", "0-6-20000,0-5-100000"}) {
        CHECK(needed(purged, "0-6-20000", "0-6-20000") == "");
        CHECK(needed(purged, "0-6-20000", "0-6-20001") == "");
        CHECK(needed(purged, "0-6-20000", "0-5-100001") == "");
        CHECK(needed(purged, "0-6-20000", "0-7-1") == "");
        CHECK(needed(purged, "0-6-20000", "0-5-100000") == "0-6-20000");
        CHECK(needed(purged, "0-6-20000", "0-5-99999") == "0-6-20000");
    }
    CHECK(needed("0-5-10,1-1-1", "0-5-10,1-1-1", "0-5-10") == "1-1-1");
    CHECK(needed("", "", "0-5-10") == "");
}

TEST_CASE("binlog inventory: a position with GTIDs stands in front of what begins a transaction") {
    for (const auto* type : {"Gtid", "Anonymous_Gtid", "Gtid_tagged", "Rotate", "Stop",
                             "Format_desc", "Previous_gtids", "Gtid_list", "Binlog_checkpoint"})
        CHECK(stands_between_transactions(type));
    for (const auto* type : {"Query", "Table_map", "Write_rows_v1", "Update_rows", "Xid",
                             "Annotate_rows", "Rows_query", "Transaction_payload", "no event"})
        CHECK_FALSE(stands_between_transactions(type));
}
