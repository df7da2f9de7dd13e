// Runs a loop until something is so: woken by the loop's own events, never by sleeping.
#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>

namespace dts::test {

/// False when it is not so in time.
inline bool loop_until(boost::asio::io_context& loop, const std::function<bool()>& is_so,
                       std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const auto work = boost::asio::make_work_guard(loop);
    while (!is_so()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        loop.restart();
        loop.run_one_until(deadline);
    }
    return true;
}

/// Lets the loop do what it does in a time in which nothing should happen.
inline void loop_for(boost::asio::io_context& loop, std::chrono::milliseconds time) {
    loop_until(
        loop, [] { return false; }, time);
}

}  // namespace dts::test
