#include "lib/base/arena.hpp"

#include <catch2/catch.hpp>

using namespace dts;

TEST_CASE("arena: copies stay valid while it grows") {
    Arena arena;
    const auto first = arena.copy("first");
    for (int i = 0; i < 100; ++i) arena.allocate<char>(10'000);
    CHECK(first == "first");
    CHECK(arena.bytes() >= 1'000'000);
}

TEST_CASE("arena: memory is aligned for its type") {
    Arena arena;
    arena.allocate<char>(3);
    const auto numbers = arena.allocate<std::uint64_t>(4);
    CHECK(reinterpret_cast<std::uintptr_t>(numbers.data()) % alignof(std::uint64_t) == 0);
}

TEST_CASE("arena: an adopted chunk lives as long as the arena") {
    auto chunk = Chunk::take();
    std::weak_ptr<Chunk> watch = chunk;
    {
        Arena arena;
        arena.adopt(std::move(chunk));
        CHECK_FALSE(watch.expired());
    }
    CHECK(watch.expired());
}
