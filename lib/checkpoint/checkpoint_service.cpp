#include "lib/checkpoint/checkpoint_service.hpp"

#include <utility>

#include "lib/base/activity.hpp"

namespace dts {

CheckpointService::CheckpointService(std::unique_ptr<PositionLog> log,
                                     std::chrono::milliseconds interval,
                                     CheckpointCallbacks callbacks)
    : log_(std::move(log)), interval_(interval), callbacks_(std::move(callbacks)) {}

CheckpointService::~CheckpointService() {
    stop_thread();
}

void CheckpointService::record_start(const PositionPtr& position, const CodecRegistry& codecs) {
    log_->start_at(position, codecs);
    recorded_ = {position, position};
    {
        const std::lock_guard lock(mutex_);
        latest_ = recorded_;
    }
    if (callbacks_.on_recorded) callbacks_.on_recorded(position, position);
    if (callbacks_.on_durable) callbacks_.on_durable(position);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void CheckpointService::advanced(PositionPtr current, PositionPtr checkpoint) {
    Pair pair{std::move(current), std::move(checkpoint)};
    const std::lock_guard lock(mutex_);
    std::swap(latest_, pair);  // the old ones are let go outside the lock
}

void CheckpointService::record_now() {
    const While waiting(Doing::outside);  // for the disk, by way of the thread
    std::unique_lock lock(mutex_);
    const unsigned asked = ++asked_;
    wake_.notify_all();
    wake_.wait(lock, [&] { return answered_ >= asked || failure_; });
    if (answered_ < asked) std::rethrow_exception(failure_);
}

void CheckpointService::finish() {
    stop_thread();
    if (failure_) std::rethrow_exception(failure_);
    Pair last;
    {
        const std::lock_guard lock(mutex_);
        last = latest_;
    }
    if (last != recorded_) record(last);
}

void CheckpointService::run(const std::stop_token& stop) {
    try {
        for (;;) {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stop, interval_, [this] { return asked_ != answered_; });
            if (stop.stop_requested()) return;
            const auto pair = latest_;
            const unsigned asked = asked_;
            lock.unlock();
            record(pair);
            lock.lock();
            answered_ = asked;
            wake_.notify_all();
        }
    } catch (...) {
        {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
        }
        wake_.notify_all();
        if (callbacks_.on_failure) callbacks_.on_failure(failure_);
    }
}

/// The order matters: on disk first, then acknowledged.
void CheckpointService::record(const Pair& pair) {
    log_->append(pair.current, pair.checkpoint);
    recorded_ = pair;
    if (callbacks_.on_recorded) callbacks_.on_recorded(pair.current, pair.checkpoint);
    if (callbacks_.on_durable) callbacks_.on_durable(pair.checkpoint);
}

void CheckpointService::stop_thread() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    const While waiting(Doing::outside);  // for the disk, by way of that thread
    thread_.join();
}

}  // namespace dts
