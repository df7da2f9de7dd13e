// Postgres: tables, rows and transactions by chance arrive as they were, over a kill of the worker.
// The seed is printed; DTS_TEST_SEED repeats tables and statements, DTS_TEST_LONG asks for many
// more.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>

#include "test/integration/random_tables.hpp"

using namespace dts;
using namespace dts::test;

namespace {

constexpr std::array schemas = {"s", "\"Mixed Case\"", "\"größe\""};

const std::vector<PostgresTypeCase>& types_in_binary() {
    static const std::vector<PostgresTypeCase> types = [] {
        constexpr std::array names = {
            "smallint",   "integer", "bigint", "real",       "double precision",
            "numeric",    "boolean", "text",   "varchar",    "char",
            "name",       "bytea",   "date",   "time",       "uuid",
            "json",       "jsonb",   "s.mood", "s.positive", "timestamp",
            "timestamptz"};
        std::vector<PostgresTypeCase> some;
        for (const auto& type : postgres_type_cases())
            if (std::find(names.begin(), names.end(), type.type.substr(0, type.type.find('('))) !=
                names.end())
                some.push_back(type);
        return some;
    }();
    return types;
}

/// One life of a schema between the same two servers, with a task and a slot of its own.
class Round {
  public:
    Round(PostgresPair& pair, Chance chance, unsigned number)
        // Every other one is of types that come in binary; of all types hardly any would be.
        : types_(number % 2 == 0 ? postgres_type_cases() : types_in_binary()),
          pair_(pair),
          chance_(std::move(chance)),
          folder_("random"),
          ini_(pair.ini()),
          session_(pair.source.session()) {
        ini_.set("extractor", "slot_name", fmt::format("random_{}", number))
            .set("extractor", "stream_in_progress", chance_.one_in(2) ? "true" : "false")
            .set("parallelizer", "parallel_type", chance_.one_in(3) ? "serial" : "rdb_merge")
            .set("pipeline", "buffer_size", chance_.one_in(2) ? "16000" : "50")
            .set("filter", "do_dbs", fmt::format("{},{},{}", schemas[0], schemas[1], schemas[2]))
            .set("filter", "do_ddls", "truncate_table");
        make_tables(24);
    }

    void run(unsigned transactions) {
        {
            WorkerProcess worker(ini_, folder_.path());
            worker.wait_for_line("PgCdcExtractor starts");
            for (unsigned i = transactions / 2; i > 0; --i) transaction();
            worker.kill();
            worker.wait_for_exit();
        }
        for (unsigned i = transactions / 4; i > 0; --i) transaction();
        WorkerProcess worker(ini_, folder_.path());
        for (unsigned i = transactions / 4; i > 0; --i) transaction();
        INFO(definitions_);
        CHECK(pair_.arrive_and_stop(worker) == "exit code 0");
        auto left = pair_.source.connect();
        auto right = pair_.target.connect();
        for (const char* schema : {"s", "Mixed Case", "größe"})
            CHECK(compare_schemas(left, right, schema) == "");
        CHECK_THAT(worker.default_log(), !Catch::Contains("were not found"));
        // The server may notice a little later that nobody reads this round's: the next one's turn.
        pair_.source.run(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT "
            "active");
    }

    unsigned committed() const noexcept { return committed_; }

  private:
    void make_tables(int count) {
        for (const char* schema : schemas) {
            pair_.run_on_both(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE", schema));
            if (std::string_view(schema) != schemas[0])
                pair_.run_on_both(fmt::format("CREATE SCHEMA {}", schema));
        }
        pair_.run_on_both(
            "DROP SCHEMA IF EXISTS dts_metadata CASCADE;"
            "DROP EXTENSION IF EXISTS hstore, ltree, citext, cube, isn");
        pair_.run_on_both(postgres_types_of_our_own());
        auto connection = pair_.source.connect();
        while (static_cast<int>(tables_.size()) < count) {
            const std::string schema =
                schemas[static_cast<std::size_t>(chance_.between(0, schemas.size() - 1))];
            RandomTable table(chance_, schema, static_cast<int>(tables_.size()), types_);
            const auto result = connection.try_query(table.definition());
            if (result.sqlstate() == "42704") continue;  // a key of what has no order
            INFO(table.definition());
            REQUIRE(result.sqlstate() == "");
            pair_.target.run(table.definition());
            definitions_ += table.definition() + "\n";
            tables_.push_back(std::move(table));
        }
    }

    void transaction() {
        session_->execute("BEGIN");
        for (int changes = chance_.between(1, 8); changes > 0; --changes) change();
        if (chance_.one_in(5)) {
            session_->execute("SAVEPOINT part");
            for (int changes = chance_.between(1, 8); changes > 0; --changes) change();
            session_->execute(chance_.one_in(2) ? "ROLLBACK TO part" : "RELEASE part");
        }
        if (chance_.one_in(40)) session_->try_execute(any_table().large_insert(chance_));
        if (chance_.one_in(60)) session_->execute("TRUNCATE " + any_table().name());
        const bool gives_up = chance_.one_in(10);
        session_->execute(gives_up ? "ROLLBACK" : "COMMIT");
        if (!gives_up) ++committed_;
    }

    void change() {
        for (const auto& sql : any_table().change(chance_)) session_->try_execute(sql);
    }

    const RandomTable& any_table() {
        return tables_[static_cast<std::size_t>(
            chance_.between(0, static_cast<int>(tables_.size()) - 1))];
    }

    const std::vector<PostgresTypeCase>& types_;
    PostgresPair& pair_;
    Chance chance_;
    TempFolder folder_;
    TaskIni ini_;
    std::unique_ptr<SqlSession> session_;
    std::vector<RandomTable> tables_;
    std::string definitions_;
    unsigned committed_ = 0;
};

}  // namespace

TEST_CASE("postgres: random tables and transactions arrive as they were, also over a kill") {
    Chance chance("postgres, random tables", 5);
    // The server streams what is not small while it goes on, where the round asks for it.
    PostgresPair pair({"logical_decoding_work_mem=64kB", "log_replication_commands=on"});
    unsigned committed = 0;
    const unsigned rounds = by_form(2U, 40U);
    for (unsigned number = 0; number < rounds; ++number) {
        INFO("DTS_TEST_SEED=" << chance.seed() << ", round " << number);
        Round round(pair, Chance(chance, number), number);
        round.run(by_form(200U, 600U));
        committed += round.committed();
    }
    CHECK_THAT(read_file(pair.source.error_log()), Catch::Contains("binary 'true'"));
    std::cout << fmt::format("postgres: {} random transactions in {} rounds\n", committed, rounds);
}
