#include "lib/base/backoff.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "lib/base/activity.hpp"

namespace dts {

namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good for jitter from any seed.
std::uint64_t next_random(std::uint64_t& state) noexcept {
    state += 0x9e3779b97f4a7c15;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

}  // namespace

Backoff::Backoff(Milliseconds first, Milliseconds cap)
    : first_(std::max(first, Milliseconds(1))), cap_(std::max(cap, first_)), delay_(first_) {}

Backoff::Milliseconds Backoff::next_delay() {
    const auto most = static_cast<std::uint64_t>(delay_.count());
    const auto least = most - most / 2;
    delay_ = delay_ > cap_ / 2 ? cap_ : delay_ * 2;
    if (!random_) random_ = std::random_device{}();
    return Milliseconds(least + next_random(*random_) % (most - least + 1));
}

bool Backoff::wait(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    const While resting(Doing::outside);
    wake.wait_for(lock, stop, next_delay(), [] { return false; });
    return !stop.stop_requested();
}

}  // namespace dts
