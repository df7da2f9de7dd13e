#include "test/fault/load_tables.hpp"

#include <fmt/format.h>

namespace dts::test {

const LoadTables& load_tables(const SqlServer& server) {
    return server.kind() == SqlKind::postgres ? postgres_load_tables() : mysql_load_tables();
}

std::unique_ptr<SqlSession> load_session(const SqlServer& server) {
    auto session = server.session();
    session->execute(load_tables(server).use);
    return session;
}

std::vector<std::string> bank::opening(unsigned writers) {
    std::vector<std::string> statements;
    for (int id = 1; id <= accounts; ++id) {
        statements.push_back(
            fmt::format("INSERT INTO accounts_a VALUES ({}, {})", id, first_balance));
        statements.push_back(
            fmt::format("INSERT INTO accounts_b VALUES ({}, {})", id, first_balance));
    }
    for (unsigned writer = 0; writer < writers; ++writer) {
        statements.push_back(fmt::format("INSERT INTO ledger_totals VALUES ({}, 0)", writer));
    }
    return statements;
}

std::vector<std::string> bank::transfer(Chance& chance, unsigned writer, std::uint64_t number) {
    const int amount = chance.between(-50, 50);
    return {
        fmt::format("UPDATE accounts_a SET balance = balance - {} WHERE id = {}", amount,
                    chance.between(1, accounts)),
        fmt::format("INSERT INTO ledger VALUES ({}, {})", writer, number),
        fmt::format("UPDATE accounts_b SET balance = balance + {} WHERE id = {}", amount,
                    chance.between(1, accounts)),
        fmt::format("UPDATE ledger_totals SET entries = entries + 1 WHERE writer = {}", writer)};
}

}  // namespace dts::test
