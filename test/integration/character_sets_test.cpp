// Text arrives as the characters it is, whether or not the target's columns have the source's
// character sets, and what they cannot hold is refused.
#include <catch2/catch.hpp>

#include "test/integration/server_pair.hpp"
#include "test/servers/mysql_server.hpp"
#include "test/skip.hpp"

using namespace dts;
using namespace dts::test;

namespace {

struct CharacterSets {
    const char* a;
    const char* b;
    const char* c;
    const char* d;
};

std::string tables(const CharacterSets& sets) {
    const auto text = [](const char* name, const char* set) {
        return fmt::format("{} VARCHAR(20) CHARACTER SET {}", name, set);
    };
    const std::string columns = fmt::format("{}, {}, {}, {}", text("a", sets.a), text("b", sets.b),
                                            text("c", sets.c), text("d", sets.d));
    return fmt::format(
        "CREATE DATABASE d; USE d; CREATE TABLE t (id INT PRIMARY KEY, {0}, l LONGTEXT CHARACTER "
        "SET {1}); CREATE TABLE named ({2} PRIMARY KEY, n INT)",
        columns, sets.a, text("k", sets.b));
}

/// All of it, as what its bytes are in one character set.
std::string characters(DatabaseServer& server) {
    std::string text;
    for (const char* column : {"a", "b", "c", "d", "l"}) {
        text += server.scalar(fmt::format(
            "SELECT GROUP_CONCAT(id, ':', COALESCE(SHA2(CONVERT({} USING utf8mb4), 256), '-') "
            "ORDER BY id) FROM d.t",
            column));
        text += '\n';
    }
    return text + server.scalar(
                      "SELECT GROUP_CONCAT(HEX(CONVERT(k USING utf8mb4)), ':', n ORDER BY n) "
                      "FROM d.named");
}

template <typename Source, typename Target>
void arrive(const CharacterSets& to) {
    ServerPair<Source, Target> pair;
    pair.source.run(tables({"latin1", "utf8mb3", "utf8mb4", "utf16"}));
    pair.target.run(tables(to));
    WorkerProcess worker(pair.ini(), pair.folder.path());
    worker.wait_for_line("MysqlCdcExtractor starts");
    pair.source.run(
        "SET NAMES utf8mb4;"
        "INSERT INTO t VALUES (1,'é€ñ','日本','Ωx','ünï',REPEAT('é',300)),(2,'','','','',''),"
        "(3,NULL,NULL,NULL,NULL,NULL),(4,'a''\\\\b ','ß','e','f','x');"
        "UPDATE t SET a='ÿ', b='ü', c='表', d='日', l='ö' WHERE id=4;"
        "INSERT INTO named VALUES ('Ä',1),('b',2),('日',3);"
        "UPDATE named SET n=20 WHERE k='B'; UPDATE named SET k='ö' WHERE n=3;"
        "DELETE FROM named WHERE k='ä'");
    worker.wait_for_checkpoint(pair.source.binlog_end());
    CHECK(characters(pair.target) == characters(pair.source));

    if (std::string_view(to.c) == "utf8mb4") return;
    pair.source.run("SET NAMES utf8mb4; INSERT INTO t(id,c) VALUES (5,'x'),(6,'😀')");
    CHECK(worker.wait_for_exit().status.code == 76);
    CHECK_THAT(worker.default_log(), Catch::Contains("`d`.`t`") && Catch::Contains("1366"));
    CHECK(pair.target.scalar("SELECT MAX(id) FROM d.t") == "4");
}

template <typename Source, typename Target>
void arrive() {
    arrive<Source, Target>({"latin1", "utf8mb3", "utf8mb4", "utf16"});
    arrive<Source, Target>({"utf8mb4", "utf8mb4", "utf8mb3", "utf8mb4"});
    arrive<Source, Target>({"utf16", "ucs2", "utf8mb3", "utf8mb3"});
}

}  // namespace

TEST_CASE("character sets: MariaDB to MariaDB") {
    arrive<MariadbServer, MariadbServer>();
}

TEST_CASE("character sets: MySQL to MariaDB") {
    if (const auto why = MysqlServer::why_unavailable()) return skip(*why);
    arrive<MysqlServer, MariadbServer>();
}
