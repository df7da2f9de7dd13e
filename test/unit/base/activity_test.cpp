#include "lib/base/activity.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace dts;

TEST_CASE("activity: a thread works while it is watched, but where it says otherwise") {
    Activity activity;
    CHECK(activity.look().doing == Doing::gone);
    {
        const Watched watched(activity);
        CHECK(activity.look().doing == Doing::working);
        {
            const While asking(Doing::outside);
            CHECK(activity.look().doing == Doing::outside);
            {
                const While waiting(Doing::for_input);
                CHECK(activity.look().doing == Doing::for_input);
            }
            CHECK(activity.look().doing == Doing::outside);
        }
        CHECK(activity.look().doing == Doing::working);
    }
    CHECK(activity.look().doing == Doing::gone);
}

TEST_CASE("activity: each wait and each step is seen, though it is over") {
    Activity activity;
    const Watched watched(activity);
    const auto first = activity.look();
    CHECK(first == activity.look());
    { const While asking(Doing::outside); }
    const auto second = activity.look();
    CHECK(first.doing == second.doing);
    CHECK(first != second);
    note_step();
    CHECK(second != activity.look());
    CHECK(activity.look().doing == Doing::working);
}

TEST_CASE("activity: a thread that is not watched says nothing of another's") {
    Activity activity;
    const Watched watched(activity);
    const auto before = activity.look();
    std::jthread([] {
        const While asking(Doing::outside);
        note_step();
    }).join();
    CHECK(before == activity.look());
}

TEST_CASE("activity: watched again inside, a thread comes back to what it did") {
    Activity outer;
    Activity inner;
    const Watched watched(outer);
    const While asking(Doing::outside);
    {
        const Watched again(inner);
        const While waiting(Doing::for_input);
        CHECK(inner.look().doing == Doing::for_input);
        CHECK(outer.look().doing == Doing::outside);
    }
    note_step();
    CHECK(inner.look().doing == Doing::gone);
    CHECK(outer.look().doing == Doing::outside);
}
