#include "test/fault/chance.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

namespace dts::test {

namespace {

std::uint32_t seed_of_run(std::optional<std::uint32_t> otherwise = {}) {
    if (const char* given = std::getenv("DTS_TEST_SEED"))
        return static_cast<std::uint32_t>(std::stoul(given));
    return otherwise ? *otherwise : std::random_device{}();
}

}  // namespace

bool is_long_form() {
    return std::getenv("DTS_TEST_LONG") != nullptr;
}

Chance::Chance(std::string_view test) : Chance(seed_of_run(), test) {}

Chance::Chance(std::string_view test, std::uint32_t short_form_seed)
    : Chance(is_long_form() ? seed_of_run() : seed_of_run(short_form_seed), test) {}

Chance::Chance(std::uint32_t seed, std::string_view test) : seed_(seed), random_(seed) {
    std::cout << fmt::format("{}: DTS_TEST_SEED={}", test, seed_) << std::endl;
}

}  // namespace dts::test
