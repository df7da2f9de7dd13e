#include "test/fault/chance.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace dts::test {

namespace {

std::uint32_t seed_of_run() {
    const char* given = std::getenv("DTS_TEST_SEED");
    return given != nullptr ? static_cast<std::uint32_t>(std::stoul(given))
                            : std::random_device{}();
}

}  // namespace

bool is_long_form() {
    return std::getenv("DTS_TEST_LONG") != nullptr;
}

Chance::Chance(std::string_view test) : seed_(seed_of_run()), random_(seed_) {
    std::cout << fmt::format("{}: DTS_TEST_SEED={}", test, seed_) << std::endl;
}

}  // namespace dts::test
