#include "lib/source/postgres/stream_error.hpp"

#include <catch2/catch.hpp>

using namespace dts;

namespace {

ErrorKind kind(std::string_view sqlstate, std::string_view message) {
    return judge_stream_error(sqlstate, message, "slot", "publication").kind;
}

}  // namespace

TEST_CASE("stream error: a slot that is gone, or has lost its log, is a gap") {
    CHECK(kind("42704", "replication slot \"slot\" does not exist") == ErrorKind::gap);
    CHECK(kind("55000",
               "cannot read from logical replication slot \"slot\" (This slot has been "
               "invalidated because it exceeded the maximum reserved size.)") == ErrorKind::gap);
    CHECK(kind("55000", "can no longer get changes from replication slot \"slot\"") ==
          ErrorKind::gap);
    CHECK(
        kind("58P01", "requested WAL segment 000000010000000000000001 has already been removed") ==
        ErrorKind::gap);
    // The server's words may be in any language.
    CHECK(kind("55000", "kann nicht aus logischem Replikations-Slot lesen") == ErrorKind::gap);
    CHECK(kind("58P01", "das angeforderte WAL-Segment wurde schon entfernt") == ErrorKind::gap);
}

TEST_CASE("stream error: changes written without their publication are a gap, and it is named") {
    const auto verdict = judge_stream_error("42704", "publication \"p\" does not exist", "s", "p");
    CHECK(verdict.kind == ErrorKind::gap);
    CHECK_THAT(verdict.hint, Catch::Contains("publication p did not exist"));
}

TEST_CASE("stream error: a fault of the server's own may pass, and is known as one") {
    CHECK(kind("XX000", "unexpected table_index_fetch_tuple call during logical decoding") ==
          ErrorKind::transient);
    CHECK(is_server_fault("XX000"));
    CHECK(is_server_fault("XX001"));
    CHECK_FALSE(is_server_fault("57P01"));
    CHECK_FALSE(is_server_fault(""));
}

TEST_CASE("stream error: the wrong database is a setting, a lost connection passes") {
    CHECK(kind("55000", "replication slot \"slot\" was not created in this database") ==
          ErrorKind::config);
    CHECK(kind("58P01", "could not access file \"pgoutput\": No such file or directory") ==
          ErrorKind::transient);
    CHECK(kind("", "server closed the connection unexpectedly") == ErrorKind::transient);
    CHECK(kind("57P01", "terminating connection due to administrator command") ==
          ErrorKind::transient);
    CHECK(kind("55006", "replication slot \"slot\" is active for PID 7") == ErrorKind::transient);
    CHECK(kind("42501", "permission denied") == ErrorKind::permission);
}
