#include "lib/source/mysql/event_skip.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/source/binlog_fixture.hpp"

using namespace dts;
using namespace dts::test;

namespace {

/// A file of which the part up to `until` was read before, sent from its start.
struct Skipping {
    EventBuilder build;
    BinlogCursor cursor;
    EventSkip skip;

    explicit Skipping(std::uint64_t until) {
        cursor.start("f.1", 4);
        skip.start("f.1", until);
    }
    bool passes_over(const std::string& raw) {
        return skip.passes_over(cursor.read(bytes_of(raw)));
    }
    ErrorKind kind_of_error(const std::string& raw) {
        try {
            passes_over(raw);
        } catch (const Error& error) {
            return error.kind();
        }
        FAIL("no error");
        return {};
    }
};

constexpr std::uint64_t xid_bytes = EventHeader::bytes + 8 + 4;

}  // namespace

TEST_CASE("event skip: with nothing to pass over nothing is") {
    Skipping stream(0);
    CHECK_FALSE(stream.passes_over(stream.build.rotate("f.1", 4, true)));
    CHECK_FALSE(stream.passes_over(stream.build.xid()));
}

TEST_CASE("event skip: everything is passed over up to the offset, what stands in no file too") {
    EventBuilder lengths;
    const auto head = lengths.format().size();
    Skipping stream(4 + head + 2 * xid_bytes);
    CHECK(stream.passes_over(stream.build.rotate("f.1", 4, true)));
    CHECK(stream.passes_over(stream.build.format()));
    CHECK(stream.passes_over(stream.build.xid()));
    const auto heartbeat = [&] {
        auto raw = little<4>(0) + little<1>(27) + little<4>(1) + little<4>(19 + 3 + 4) +
                   little<4>(stream.build.offset()) + little<2>(0) + "f.1";
        const auto crc =
            ::crc32(0, reinterpret_cast<const Bytef*>(raw.data()), static_cast<uInt>(raw.size()));
        return raw + little<4>(crc);
    };
    CHECK(stream.passes_over(heartbeat()));
    CHECK(stream.passes_over(stream.build.xid()));
    CHECK(stream.passes_over(heartbeat()));  // at the offset, and still no event
    CHECK_FALSE(stream.passes_over(stream.build.xid()));
    CHECK_FALSE(stream.passes_over(stream.build.rotate("f.2", 4)));
}

TEST_CASE("event skip: an event behind others that were not sent begins where it stands") {
    Skipping stream(0);
    stream.build.jump(700);
    const std::string raw = stream.build.xid();
    const auto event = stream.cursor.read(bytes_of(raw));
    CHECK(event.begin == 700);
    CHECK(event.end == 700 + xid_bytes);
}

TEST_CASE("event skip: an offset inside an event is a gap") {
    Skipping stream(4 + xid_bytes + 1);
    CHECK(stream.passes_over(stream.build.xid()));
    CHECK(stream.passes_over(stream.build.xid()));
    CHECK(stream.kind_of_error(stream.build.xid()) == ErrorKind::gap);
}

TEST_CASE("event skip: a file that ends before the offset is a gap") {
    Skipping stream(1000);
    CHECK(stream.passes_over(stream.build.xid()));
    CHECK(stream.kind_of_error(stream.build.rotate("f.2", 4, true)) == ErrorKind::gap);
}

TEST_CASE("event skip: a file that ends at the offset goes on in the next one") {
    for (const bool crashed : {false, true}) {
        Skipping stream(4 + xid_bytes);
        CHECK(stream.passes_over(stream.build.xid()));
        CHECK_FALSE(stream.passes_over(stream.build.rotate("f.2", 4, crashed)));
        CHECK_FALSE(stream.passes_over(stream.build.rotate("f.2", 4, true)));
    }
}
