// The tables of the mixed load, one for each kind of key that an applier can get wrong, and random
// changes of each, in the SQL of each kind of server.
#pragma once

#include <string>
#include <vector>

#include "test/fault/chance.hpp"
#include "test/servers/sql_server.hpp"

namespace dts::test {

inline constexpr const char* load_database = "fault_load";

struct LoadTables {
    /// Plain names mean the load's tables from then on, in a session.
    std::string use;
    /// Makes them all, empty: for source and target.
    std::string create;
    /// The statements of one change of one table by chance. Each may meet a row that is there
    /// already, which the caller shall ignore: the others still stand.
    std::vector<std::string> (*random_change)(Chance& chance);
    /// Statements that touch `rows` rows: inserts, updates and deletes of many rows each.
    std::vector<std::string> (*large_change)(Chance& chance, int rows);
};

const LoadTables& mysql_load_tables();
const LoadTables& postgres_load_tables();
/// Of this kind of server.
const LoadTables& load_tables(const SqlServer& server);

/// A session in which plain names mean the load's tables.
std::unique_ptr<SqlSession> load_session(const SqlServer& server);

/// Money that moves between accounts_a and accounts_b, in one transaction: their sum is constant.
/// Each transfer is written into `ledger`, once, and counted in `ledger_totals`.
namespace bank {
inline constexpr int accounts = 50;
inline constexpr int first_balance = 1000;
inline constexpr int total = 2 * accounts * first_balance;

/// The accounts and the counters of that many writers; one transaction.
std::vector<std::string> opening(unsigned writers);
std::vector<std::string> transfer(Chance& chance, unsigned writer, std::uint64_t number);
}  // namespace bank

}  // namespace dts::test
