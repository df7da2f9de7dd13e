#include "lib/source/heartbeat_writer.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"

namespace dts {

HeartbeatWriter::HeartbeatWriter(HeartbeatConnect connect, std::chrono::seconds interval,
                                 std::function<void(const std::string&)> note)
    : connect_(std::move(connect)),
      interval_(interval),
      note_(std::move(note)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

HeartbeatWriter::~HeartbeatWriter() {
    thread_.request_stop();
    std::lock_guard lock(mutex_);
    if (session_) session_->interrupt();
}

void HeartbeatWriter::received(PositionPtr position) {
    std::lock_guard lock(mutex_);
    received_ = std::move(position);
}

void HeartbeatWriter::flushed(PositionPtr position) {
    std::lock_guard lock(mutex_);
    flushed_ = std::move(position);
}

void HeartbeatWriter::run(const std::stop_token& stop) {
    bool noted = false;
    while (!stop.stop_requested()) {
        try {
            if (!session_) {
                auto session = connect_();
                std::lock_guard lock(mutex_);
                session_ = std::move(session);
                if (stop.stop_requested()) return;
            }
            beat();
        } catch (const Error& error) {
            if (stop.stop_requested()) return;
            if (!noted) note_(fmt::format("the heartbeat table is not written: {}", error.what()));
            noted = true;
            std::lock_guard lock(mutex_);
            session_.reset();
        }
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, interval_, [] { return false; });
    }
}

void HeartbeatWriter::beat() {
    PositionPtr received, flushed;
    {
        std::lock_guard lock(mutex_);
        received = received_;
        flushed = flushed_;
    }
    session_->beat(received, flushed);
}

}  // namespace dts
