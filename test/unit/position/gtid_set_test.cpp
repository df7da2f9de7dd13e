#include "lib/position/gtid_set.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"

using namespace dts;

namespace {

const std::string a = "9663a096-8adc-11ef-b617-0242ac110002";
const std::string b = "a663a096-8adc-11ef-b617-0242ac110002";

std::string canonical(const std::string& text) {
    return GtidSet::parse(text).text();
}

std::partial_ordering compare(const std::string& left, const std::string& right) {
    return GtidSet::parse(left).compare(GtidSet::parse(right));
}

std::string minus(const std::string& left, const std::string& right) {
    auto set = GtidSet::parse(left);
    set.subtract(GtidSet::parse(right));
    return set.text();
}

Uuid uuid_of_a() {
    Uuid uuid{};
    const auto bytes = GtidSet::parse(a + ":1").encode_for_dump();
    std::copy_n(bytes.begin() + 8, 16, uuid.begin());
    return uuid;
}

std::string hex(const std::vector<std::byte>& bytes) {
    std::string text;
    for (const auto byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return text;
}

}  // namespace

TEST_CASE("gtid set: what the servers print is read, and written in one form") {
    CHECK(canonical("") == "");
    CHECK(canonical(" \n") == "");
    CHECK(canonical(a + ":1-3112") == a + ":1-3112");
    CHECK(canonical(a + ":5:1-3:4") == a + ":1-5");
    CHECK(canonical(a + ":1-5:7,\n" + b + ":1-3") == a + ":1-5:7," + b + ":1-3");
    CHECK(canonical(b + ":2, " + a + ":1") == a + ":1," + b + ":2");
    CHECK(canonical("9663A096-8ADC-11EF-B617-0242AC110002:1 - 2") == a + ":1-2");
    CHECK(canonical(a + ":1-5:tag:1-3") == a + ":1-5:tag:1-3");
    CHECK(canonical(a + ":Tag:1-3," + a + ":1-5") == a + ":1-5:tag:1-3");
    CHECK(canonical(a + ":zz:1:aa:2:3-4") == a + ":aa:2-4:zz:1");
    CHECK(canonical("1-102-7,0-101-3") == "0-101-3,1-102-7");
}

TEST_CASE("gtid set: a text that is none is an error") {
    const auto text = GENERATE_COPY(
        as<std::string>{}, a, a + ":", a + ":0", a + ":-1", a + ":3-1", a + ":1-", a + "::1",
        a + ":1:", a + ":tag", a + ":1:tag", a + ":t:u:1", a + ":1x", a + ":9223372036854775807",
        a + ":1,", "," + a + ":1", a.substr(1) + ":1", "g" + a.substr(1) + ":1", "0-101", "0-101-",
        "0-101-3,0-102-4", "0-101-3," + a + ":1", "4294967296-1-1", "0-1--2", "0-1-2-3", "x",
        a + ":" + std::string(33, 't') + ":1");
    CAPTURE(text);
    CHECK_THROWS_AS(GtidSet::parse(text), Error);
}

TEST_CASE("gtid set: gaps are kept, and close only when what was missing arrives") {
    auto set = GtidSet::parse(a + ":1-3");
    set.add(a + ":5");
    set.add(a + ":7");
    CHECK(set.text() == a + ":1-3:5:7");
    set.add(a + ":6");
    CHECK(set.text() == a + ":1-3:5-7");
    set.add(a + ":4");
    CHECK(set.text() == a + ":1-7");
    set.add(a + ":4");
    CHECK(set.text() == a + ":1-7");
}

TEST_CASE("gtid set: any order of adding gives the same set") {
    const auto uuid = uuid_of_a();
    GtidSet in_order;
    for (int number = 1; number <= 200; ++number)
        if (number % 10 != 0) in_order.add_mysql(uuid, "", number);
    GtidSet scattered;
    for (int i = 0; i < 200; ++i) {
        const int number = i * 77 % 200 + 1;  // 77 and 200 share no factor: each number once
        if (number % 10 != 0) scattered.add_mysql(uuid, "", number);
    }
    CHECK(in_order == scattered);
    CHECK(in_order.text() == scattered.text());
    CHECK_FALSE(in_order.contains(GtidSet::parse(a + ":10")));
}

TEST_CASE("gtid set: one transaction is added at a time") {
    GtidSet set;
    CHECK_THROWS_AS(set.add(a + ":1-2"), Error);
    CHECK_THROWS_AS(set.add(""), Error);
    CHECK_THROWS_AS(set.add("0-1-1,1-1-1"), Error);
    CHECK_THROWS_AS(set.add_mysql(uuid_of_a(), "", 0), Error);
    CHECK(set.empty());
    set.add("0-101-3");
    CHECK_THROWS_AS(set.add(a + ":1"), Error);
    CHECK(set.text() == "0-101-3");
}

TEST_CASE("gtid set: of a MariaDB domain the last transaction counts, whatever its number") {
    auto set = GtidSet::parse("0-101-3");
    set.add("0-102-4");
    set.add("1-101-1");
    CHECK(set.text() == "0-102-4,1-101-1");
    set.add("0-101-2");
    CHECK(set.text() == "0-101-2,1-101-1");
    set.add_mariadb(0, 103, 1);
    CHECK(set.text() == "0-103-1,1-101-1");
    set.unite(GtidSet::parse("0-101-9,1-101-1"));
    CHECK(set.text() == "0-101-9,1-101-1");
}

TEST_CASE("gtid set: a MariaDB domain whose last server counts lower has not gone back") {
    CHECK(compare("0-6-20000", "0-5-100000") == std::partial_ordering::unordered);
    CHECK(compare("0-5-100000", "0-6-20000") == std::partial_ordering::unordered);
    CHECK(compare("0-6-20000", "0-6-20001") == std::partial_ordering::less);
    CHECK_FALSE(GtidSet::parse("0-6-20000").contains(GtidSet::parse("0-5-100000")));
    CHECK_FALSE(GtidSet::parse("0-5-100000").contains(GtidSet::parse("0-6-20000")));
    CHECK(minus("0-6-20000", "0-5-100000") == "0-6-20000");
}

TEST_CASE("gtid set: ordered by inclusion, unordered when each lacks something") {
    CHECK(compare(a + ":1-5", a + ":1-5") == std::partial_ordering::equivalent);
    CHECK(compare(a + ":1-5", a + ":1-6") == std::partial_ordering::less);
    CHECK(compare(a + ":1-5," + b + ":1", a + ":1-5") == std::partial_ordering::greater);
    CHECK(compare(a + ":1-5", b + ":1-5") == std::partial_ordering::unordered);
    CHECK(compare(a + ":1-3:7", a + ":1-5") == std::partial_ordering::unordered);
    CHECK(compare(a + ":1-3:7", a + ":1-7") == std::partial_ordering::less);
    CHECK(compare(a + ":tag:1", a + ":1") == std::partial_ordering::unordered);
    CHECK(compare("", a + ":1") == std::partial_ordering::less);
    CHECK(compare("0-101-3", "0-101-4") == std::partial_ordering::less);
    CHECK(compare("0-101-3,1-101-1", "0-101-3") == std::partial_ordering::greater);
    CHECK(compare("0-101-3,1-101-1", "0-101-4") == std::partial_ordering::unordered);
    CHECK(compare("0-101-3", "0-102-3") == std::partial_ordering::unordered);
    CHECK(compare("0-101-3", a + ":1") == std::partial_ordering::unordered);
}

TEST_CASE("gtid set: subtracting leaves what the other lacks") {
    CHECK(minus(a + ":1-10", a + ":3-4:7") == a + ":1-2:5-6:8-10");
    CHECK(minus(a + ":1-3:5-8:10", a + ":2-6:10-20") == a + ":1:7-8");
    CHECK(minus(a + ":1-10", a + ":1-10") == "");
    CHECK(minus(a + ":1-3:tag:1-3," + b + ":1", a + ":1-5:tag:2") == a + ":tag:1:3," + b + ":1");
    CHECK(minus(a + ":1-3", "") == a + ":1-3");
    CHECK(minus("0-101-5,1-101-2", "0-101-3,1-101-2") == "0-101-5");
    CHECK_THROWS_AS(minus("0-101-5", a + ":1"), Error);
}

TEST_CASE("gtid set: a union holds both, and subtracting one again leaves the rest") {
    auto set = GtidSet::parse(a + ":1-3:9");
    set.unite(GtidSet::parse(a + ":4:8-12," + b + ":2"));
    CHECK(set.text() == a + ":1-4:8-12," + b + ":2");
    CHECK(set.contains(GtidSet::parse(a + ":9-12")));
    CHECK_FALSE(set.contains(GtidSet::parse(a + ":4-8")));
    CHECK(minus(set.text(), a + ":1-3:9") == a + ":4:8:10-12," + b + ":2");
}

TEST_CASE("gtid set: the classic wire form has exclusive ends") {
    CHECK(hex(GtidSet{}.encode_for_dump()) == "0000000000000000");
    CHECK(hex(GtidSet::parse(a + ":1-5:7").encode_for_dump()) ==
          "0100000000000000"
          "9663a0968adc11efb6170242ac110002"
          "0200000000000000"
          "0100000000000000"
          "0600000000000000"
          "0700000000000000"
          "0800000000000000");
}

TEST_CASE("gtid set: a tag makes it the tagged wire form, for all of its sources") {
    CHECK(hex(GtidSet::parse(a + ":1:tag:2").encode_for_dump()) ==
          "0102000000000001"
          "9663a0968adc11efb6170242ac110002"
          "00"
          "0100000000000000"
          "0100000000000000"
          "0200000000000000"
          "9663a0968adc11efb6170242ac110002"
          "06746167"
          "0100000000000000"
          "0200000000000000"
          "0300000000000000");
    CHECK_THROWS_AS(GtidSet::parse("0-101-3").encode_for_dump(), Error);
}
