#include "lib/base/bounded_queue.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <thread>

using namespace dts;

TEST_CASE("queue: a push above the bound waits until there is room") {
    BoundedQueue<int> queue(10);
    REQUIRE(queue.push(1, 8));
    auto second = std::async(std::launch::async, [&] { return queue.push(2, 8); });
    CHECK(queue.pop() == 1);
    CHECK(second.get());
    CHECK(queue.pop() == 2);
}

TEST_CASE("queue: an item above the bound enters an empty queue") {
    BoundedQueue<int> queue(10);
    CHECK(queue.push(1, 1000));
    CHECK(queue.pop() == 1);
}

TEST_CASE("queue: closing wakes a waiting consumer and producer") {
    BoundedQueue<int> queue(1);
    auto consumer = std::async(std::launch::async, [&] { return queue.pop(); });
    queue.close();
    CHECK_FALSE(consumer.get().has_value());
    CHECK_FALSE(queue.push(1, 1));
}

TEST_CASE("queue: what was pushed before closing is still popped, cancelled it is not") {
    BoundedQueue<int> queue(10);
    REQUIRE(queue.push(1, 1));
    queue.close();
    CHECK(queue.pop() == 1);
    BoundedQueue<int> cancelled(10);
    REQUIRE(cancelled.push(1, 1));
    cancelled.cancel();
    CHECK_FALSE(cancelled.pop().has_value());
}
