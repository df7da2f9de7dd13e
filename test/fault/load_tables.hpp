// The tables of the mixed load, one for each kind of key that an applier can get wrong, and random
// changes of each: as SQL that MariaDB and MySQL both take.
#pragma once

#include <string>
#include <vector>

#include "test/fault/chance.hpp"
#include "test/servers/database_server.hpp"

namespace dts::test {

inline constexpr const char* load_database = "fault_load";

/// Makes them all, empty: on source and target.
void create_load_tables(DatabaseServer& server);

/// The statements of one change of one table by chance. Each may meet a row that is there already
/// (error 1062), which the caller shall ignore: the others still stand.
std::vector<std::string> random_change(Chance& chance);

/// Statements that touch `rows` rows: inserts, updates and deletes of many rows each.
std::vector<std::string> large_change(Chance& chance, int rows);

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
