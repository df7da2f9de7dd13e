#include "lib/position/position_codec.hpp"

#include <catch2/catch.hpp>

#include <fstream>

#include "lib/base/error.hpp"
#include "lib/position/mysql_position.hpp"
#include "lib/position/snapshot_position.hpp"

using namespace dts;

namespace {

const CodecRegistry codecs = all_codecs();

std::partial_ordering compare(const std::string& left, const std::string& right) {
    return codecs.decode(left)->compare(*codecs.decode(right));
}

std::string mysql(const std::string& file, const std::string& offset,
                  const std::string& gtid_set = "") {
    return R"({"type":"MysqlCdc","server_id":"","binlog_filename":")" + file +
           R"(","next_event_position":)" + offset + R"(,"gtid_set":")" + gtid_set +
           R"(","timestamp":"2024-10-10 08:00:58.000"})";
}

std::string pg(const std::string& lsn) {
    return R"({"type":"PgCdc","lsn":")" + lsn + R"(","timestamp":"2024-10-10 08:12:31.421"})";
}

std::string mongo(const std::string& token, const std::string& seconds) {
    return R"({"type":"MongoCdc","resume_token":")" + token + R"(","operation_time":)" + seconds +
           R"(,"timestamp":"2024-10-10 09:17:09.000"})";
}

std::string snapshot(const std::string& end, const std::string& db_type = "mysql") {
    return R"({"type":"RdbSnapshot","db_type":")" + db_type + R"(","schema":"test_db","tb":"b",)" +
           end + "}";
}

std::string refusal_of(const std::string& json) {
    try {
        codecs.decode(json);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::checkpoint);
        return error.text();
    }
    return "";
}

const std::string uuid = "9663a096-8adc-11ef-b617-0242ac110002";

}  // namespace

TEST_CASE("codecs: every golden record is read and written back byte for byte") {
    int records = 0;
    for (const auto* name : {"position.log", "finished.log", "resume.config"}) {
        std::ifstream file(std::string("test/golden/") + name);
        REQUIRE(file.good());
        for (std::string line; std::getline(file, line); ++records) {
            const auto json = line.substr(line.find('{'), line.rfind('}') + 1 - line.find('{'));
            CHECK(codecs.decode(json)->to_json() == json);
        }
    }
    CHECK(records == 12);
}

TEST_CASE("codecs: further forms are read and written back byte for byte") {
    const auto json = GENERATE_COPY(
        as<std::string>{}, mysql("mysql-bin.000004", "9223372036854775807"),
        mysql("", "0", "0-101-3,1-102-7"), mysql("binlog.1000000", "4", uuid + ":1-5:7"),
        pg("16/B374D848"), pg("0/1"), pg("FFFFFFFF/0"),
        snapshot(R"("order_key":{"composite":[["k1","1"],["k2","a"]]})", "pg"),
        snapshot(R"("order_key":{"composite":[["k1",null],["k2","a\"\\\n\u0001ü"]]})"),
        snapshot(R"("order_key":{"single":["id","6"]})", "mongo"),
        snapshot(R"("order_col":"id","value":"")"));
    CAPTURE(json);
    CHECK(codecs.decode(json)->to_json() == json);
}

TEST_CASE("codecs: spaces and another order of the keys are read, and written in the one form") {
    const auto position = codecs.decode(
        R"({ "timestamp" : "2024-10-10 08:12:31.421", "lsn" : "0/406e2c30", "type" : "PgCdc" })");
    CHECK(position->to_json() == pg("0/406E2C30"));
}

TEST_CASE("codecs: an empty time is an unknown one") {
    const auto position = codecs.decode(R"({"type":"PgCdc","lsn":"0/406E2C30","timestamp":""})");
    CHECK(position->to_json() ==
          R"({"type":"PgCdc","lsn":"0/406E2C30","timestamp":"1970-01-01 00:00:00.000"})");
}

TEST_CASE("codecs: a record that is not whole or not plausible is refused") {
    const auto json = GENERATE_COPY(
        as<std::string>{}, "", "{", "{}", "[]", "null", "7", R"({"type":7})", R"({"type":"None"}x)",
        R"({"type":"None","lsn":"0/1"})", R"({"type":"None","type":"None"})",
        mysql("mysql-bin.000004", "-4"), mysql("mysql-bin.000004", "4.0"),
        mysql("mysql-bin.000004", "1e3"), mysql("mysql-bin.000004", "\"4\""),
        mysql("mysql-bin.000004", "3"), mysql("mysql-bin.000004", "9223372036854775808"),
        mysql("mysql-bin.000004", "18446744073709551616"), mysql("", "773"), mysql("", "0"),
        mysql("mysql-bin", "773"), mysql("mysql-bin.", "773"), mysql(".000004", "773"),
        mysql("mysql-bin.0000a4", "773"), mysql("../mysql-bin.000004", "773"),
        mysql("mysql-bin.000004", "773", "nonsense"), mysql("mysql-bin.000004", "773", uuid),
        R"({"type":"MysqlCdc","server_id":"","binlog_filename":"b.1","next_event_position":773,"gtid_set":""})",
        R"({"type":"MysqlCdc","server_id":"x","binlog_filename":"b.1","next_event_position":773,"gtid_set":"","timestamp":""})",
        R"({"type":"MysqlCdc","server_id":"","binlog_filename":"b.1","next_event_position":773,"gtid_sat":"","timestamp":""})",
        R"({"type":"MysqlCdc","server_id":"","binlog_filename":"b.1","next_event_position":773,"gtid_set":"","timestamp":"","gtid_set":""})",
        R"({"type":"MysqlCdc","server_id":"","binlog_filename":"b.1","next_event_position":773,"gtid_set":"","timestamp":"2024-10-10"})",
        pg("0/0"), pg("FFFFFFFF/FFFFFFFF"), pg("0"), pg("0/"), pg("/1"), pg("0/g"), pg("0/-1"),
        pg("0/123456789"), pg("0x1/1"), pg("0/1/2"), mongo("", "0"), mongo("", "4294967295"),
        mongo("", "-1"), mongo("abc", "1728549712"), mongo("{}", "1728549712"),
        mongo(R"({\"_data\":\"\"})", "1728549712"), snapshot(R"("order_col":"id")"),
        snapshot(R"("order_col":"","value":"6")"), snapshot(R"("order_col":"id","value":6)"),
        snapshot(R"("order_col":"id","value":"6")", "oracle"),
        snapshot(R"("order_col":"id","value":"6","order_key":{"single":["id","6"]})"),
        snapshot(R"("order_key":{})"), snapshot(R"("order_key":{"composite":[]})"),
        snapshot(R"("order_key":{"composite":[["k1"]]})"),
        snapshot(R"("order_key":{"composite":[["k1","1"],["k1","2"]]})"),
        snapshot(R"("order_key":{"double":["id","6"]})"),
        snapshot(R"("order_key":{"single":["id",6]})"),
        R"({"type":"RdbSnapshotFinished","db_type":"mysql","schema":"","tb":"a"})",
        R"({"type":"RdbSnapshotFinished","db_type":"mysql","schema":"s","tb":"a\u0000"})",
        "{\"type\":\"None\",\"\xff\":1}", std::string(100'000, '['),
        R"({"type":)" + std::string(100'000, '[') + "}");
    CAPTURE(json.substr(0, 300));
    CHECK(refusal_of(json) != "");
}

TEST_CASE("codecs: an unknown type is refused with the known ones named") {
    const auto refusal = refusal_of(R"({"type":"OracleCdc","scn":5})");
    CHECK_THAT(refusal, Catch::Contains("OracleCdc") && Catch::Contains("MysqlCdc") &&
                            Catch::Contains("RdbSnapshotFinished"));
    CHECK(codecs.find("OracleCdc") == nullptr);
    CHECK(codecs.find("PgCdc") != nullptr);
}

TEST_CASE("codecs: a flipped byte never drops or doubles a value") {
    const auto whole = mysql("mysql-bin.000036", "773", uuid + ":1-3112");
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char flip : {'\x01', '\x20', '\x40', '\x7f'}) {
            auto json = whole;
            json[at] = static_cast<char>(json[at] ^ flip);
            if (refusal_of(json) != "") continue;
            // What still reads is one value that differs, never one that is missing.
            const auto position = codecs.decode(json);
            CHECK(position->type() == "MysqlCdc");
            CHECK(position->to_json().size() + 2 >= whole.size());
        }
    }
}

TEST_CASE("mysql position: files are ordered by their number, not by their text") {
    CHECK(compare_binlog_files("mysql-bin.999999", "mysql-bin.1000000") ==
          std::partial_ordering::less);
    CHECK(compare_binlog_files("mysql-bin.000010", "mysql-bin.000009") ==
          std::partial_ordering::greater);
    CHECK(compare_binlog_files("mysql-bin.1", "mysql-bin.000001") ==
          std::partial_ordering::equivalent);
    CHECK(compare_binlog_files("mysql-bin.000000", "mysql-bin.000001") ==
          std::partial_ordering::less);
    CHECK(compare_binlog_files("a.b.000002", "a.b.000001") == std::partial_ordering::greater);
    CHECK(compare_binlog_files("mysql-bin.000001", "binlog.000002") ==
          std::partial_ordering::unordered);
    CHECK(compare_binlog_files("", "") == std::partial_ordering::unordered);
}

TEST_CASE("positions: ordered within a kind, unordered between kinds") {
    using order = std::partial_ordering;
    CHECK(compare(mysql("b.000001", "999"), mysql("b.000002", "4")) == order::less);
    CHECK(compare(mysql("b.000002", "10"), mysql("b.000002", "9")) == order::greater);
    CHECK(compare(mysql("b.000002", "9"), mysql("b.000002", "9")) == order::equivalent);
    CHECK(compare(mysql("b.000002", "9", uuid + ":1-3"), mysql("b.000001", "4", uuid + ":1-4")) ==
          order::less);
    CHECK(compare(mysql("b.000002", "9", uuid + ":1-3"), mysql("b.000001", "4", uuid + ":2-4")) ==
          order::unordered);
    CHECK(compare(mysql("b.000002", "9", uuid + ":1-3"), mysql("b.000002", "4")) == order::greater);
    CHECK(compare(pg("0/406E2C30"), pg("1/0")) == order::less);
    CHECK(compare(mongo("", "5"), mongo("", "6")) == order::less);
    CHECK(compare(mongo(R"({\"_data\":\"82\"})", "5"), mongo(R"({\"_data\":\"83\"})", "5")) ==
          order::less);
    CHECK(compare(mongo(R"({\"_data\":\"82\"})", "5"), mongo("", "5")) == order::unordered);
    CHECK(compare(pg("0/1"), mysql("b.000001", "4")) == order::unordered);
    CHECK(compare(R"({"type":"None"})", pg("0/1")) == order::unordered);
    const auto six = snapshot(R"("order_col":"id","value":"6")");
    CHECK(compare(six, six) == order::equivalent);
    CHECK(compare(six, snapshot(R"("order_col":"id","value":"7")")) == order::unordered);
}
