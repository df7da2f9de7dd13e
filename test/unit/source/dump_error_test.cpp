#include "lib/source/mysql/dump_error.hpp"

#include <catch2/catch.hpp>

using namespace dts;

TEST_CASE("dump error: the servers' refusals are told apart by what happens next") {
    const auto kind = [](unsigned number, const char* text) {
        return dump_error(number, text, "f.1:4", 42).kind();
    };
    CHECK(kind(1236, "Could not find first log file name in binary log index file") ==
          ErrorKind::gap);
    CHECK(kind(1236, "Cannot replicate because the source purged required binary logs.") ==
          ErrorKind::gap);
    CHECK(kind(1236, "log event entry exceeded max_allowed_packet; the first event ...") ==
          ErrorKind::gap);
    CHECK(kind(1236, "binlog truncated in the middle of event") == ErrorKind::gap);
    CHECK(kind(1236,
               "Error: connecting slave requested to start from GTID 0-101-9, which is not "
               "in the master's binlog") == ErrorKind::gap);
    CHECK(kind(1789, "The source has purged") == ErrorKind::gap);
    CHECK(kind(1236,
               "A replica with the same server_uuid/server_id as this replica has connected "
               "to the source") == ErrorKind::config);
    CHECK(kind(4052, "A slave with the same server_uuid/server_id is already connected") ==
          ErrorKind::config);
    CHECK(kind(1053, "Server shutdown in progress") == ErrorKind::transient);
    CHECK(kind(1236, "something new") == ErrorKind::data);
}

TEST_CASE("dump error: a gap names what was wanted and what to do") {
    const Error error = dump_error(1236, "Could not find first log file name", "f.7:4711", 42);
    CHECK(error.text().find("f.7:4711") != std::string::npos);
    CHECK_FALSE(error.hint().empty());
}
