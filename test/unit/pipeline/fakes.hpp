// A source and a sink for tests of the pipeline: they do what the test says.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/activity.hpp"
#include "lib/base/error.hpp"
#include "lib/pipeline/pipeline.hpp"
#include "test/unit/sink/row_fixture.hpp"

namespace dts::test {

/// Hands out prepared batches, then waits to be interrupted, or throws.
class ScriptedSource final : public Source {
  public:
    std::deque<ChangeBatchPtr> script;
    std::optional<Error> end;  ///< thrown behind the last batch
    std::function<void()> before_next;

    void preflight() override {}
    std::string identity() override { return "scripted"; }
    PositionPtr current_end() override { return nullptr; }
    PositionPtr configured_start() override { return nullptr; }
    Holding holds(const Position&) override { return {true, "", ""}; }
    std::string start_line(const Position&) const override { return ""; }
    void open(const PositionPtr&) override {}
    ChangeBatchPtr next() override {
        if (before_next) before_next();
        if (!script.empty()) {
            auto batch = std::move(script.front());
            script.pop_front();
            return batch;
        }
        if (end) throw *end;
        const While waiting(Doing::outside);  // for its server
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return interrupted_; });
        return nullptr;
    }
    bool is_caught_up() const noexcept override { return true; }
    void acknowledge(const Position&) override {}
    void interrupt() noexcept override {
        {
            std::lock_guard lock(mutex_);
            interrupted_ = true;
        }
        wake_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool interrupted_ = false;
};

/// Records what it is asked to do, and fails where the test says so.
class RecordingSink final : public Sink {
  public:
    std::vector<std::string> calls;
    std::function<void(RecordingSink&, const WriteGroup&)> on_apply;
    std::function<void(const WriteGroup&)> on_encode;
    Recovery recovery = Recovery::apply_again;
    bool in_transaction = true;

    void preflight() override {}
    bool checkpoint_in_transaction() const noexcept override { return in_transaction; }
    void store_checkpoint(const Position& p) override {
        calls.push_back("store " +
                        std::to_string(dynamic_cast<const MysqlPosition&>(p).next_event_position));
    }
    TableSchemaPtr describe(std::string_view, std::string_view) override { return nullptr; }
    std::unique_ptr<EncodedGroup> encode(WriteGroup group) override {
        if (on_encode) on_encode(group);
        return std::make_unique<EncodedGroup>(std::move(group));
    }
    void apply(EncodedGroup& encoded) override {
        const WriteGroup& group = encoded.group;
        if (on_apply) on_apply(*this, group);
        calls.push_back(group.ends_transaction
                            ? "commit " + std::to_string(offset_of(group.checkpoint))
                            : std::string("part"));
    }
    Recovery recover(const EncodedGroup&) override {
        calls.push_back("recover");
        return recovery;
    }
    void abandon() noexcept override { calls.push_back("abandon"); }
};

}  // namespace dts::test
