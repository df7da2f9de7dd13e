#include <catch2/catch.hpp>

#include "lib/client/mysql_client.hpp"

using namespace dts;

TEST_CASE("mysql errors: an account that is refused is a matter of permission") {
    const auto number = GENERATE(as<unsigned>{}, 1044, 1045, 1142, 1820, 3118, 4151);
    CHECK(mysql_error_kind(number) == ErrorKind::permission);
}
