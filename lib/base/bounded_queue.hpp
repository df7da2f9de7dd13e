// A queue between two threads, bounded by the weight of what it holds (bytes), not by a count. One
// producer blocks while it is full; consumers block while it is empty. Closing wakes everybody.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace dts {

template <typename T>
class BoundedQueue {
  public:
    explicit BoundedQueue(std::size_t most_weight) : most_weight_(most_weight) {}

    /// Waits until there is room; an item heavier than the whole queue enters when it is empty.
    /// False when the queue was closed: the item was not taken.
    bool push(T item, std::size_t weight) {
        std::unique_lock lock(mutex_);
        room_.wait(lock,
                   [&] { return closed_ || items_.empty() || weight_ + weight <= most_weight_; });
        if (closed_) return false;
        weight_ += weight;
        items_.emplace_back(std::move(item), weight);
        lock.unlock();
        ready_.notify_one();
        return true;
    }

    /// Waits until the queue is empty, so that a push will not block. False when it was closed.
    bool wait_until_empty() {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return closed_ || items_.empty(); });
        return !closed_;
    }

    /// Waits for an item; nothing once the queue is closed and empty.
    std::optional<T> pop() {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return closed_ || !items_.empty(); });
        return take(lock);
    }

    /// As pop, but gives up at the deadline.
    template <typename TimePoint>
    std::optional<T> pop_until(TimePoint deadline) {
        std::unique_lock lock(mutex_);
        ready_.wait_until(lock, deadline, [&] { return closed_ || !items_.empty(); });
        return take(lock);
    }

    /// An item if one is there now.
    std::optional<T> try_pop() {
        std::unique_lock lock(mutex_);
        return take(lock);
    }

    /// No more pushes; what is in the queue can still be popped.
    void close() {
        {
            std::lock_guard lock(mutex_);
            closed_ = true;
        }
        ready_.notify_all();
        room_.notify_all();
    }

    /// Closes, and drops what is in the queue.
    void cancel() {
        {
            std::lock_guard lock(mutex_);
            closed_ = true;
            items_.clear();
            weight_ = 0;
        }
        ready_.notify_all();
        room_.notify_all();
    }

    std::size_t weight() const {
        std::lock_guard lock(mutex_);
        return weight_;
    }

    bool closed() const {
        std::lock_guard lock(mutex_);
        return closed_;
    }

  private:
    std::optional<T> take(std::unique_lock<std::mutex>& lock) {
        if (items_.empty()) return std::nullopt;
        auto [item, weight] = std::move(items_.front());
        items_.pop_front();
        weight_ -= weight;
        lock.unlock();
        room_.notify_one();
        return std::optional<T>(std::move(item));
    }

    const std::size_t most_weight_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::condition_variable room_;
    std::deque<std::pair<T, std::size_t>> items_;
    std::size_t weight_ = 0;
    bool closed_ = false;
};

}  // namespace dts
