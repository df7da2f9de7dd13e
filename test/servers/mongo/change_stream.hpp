// The cursor of {aggregate: …, pipeline: [{$changeStream: …}, …]}; see the manual's page "Change
// Streams". Behind $changeStream the pipeline may have $match, $project, $set, $unset and, last,
// $changeStreamSplitLargeEvent.
#pragma once

#include <deque>

#include "test/servers/mongo/change_event.hpp"
#include "test/servers/mongo/cursor.hpp"

namespace standin {

class ChangeStreamCursor final : public Cursor {
  public:
    /// Throws Failure: the place to begin at is gone (286), is no token (40647), is not of this set
    /// (280), is behind the stream's end (260).
    ChangeStreamCursor(const Engine& engine, std::string ns, StreamOptions options,
                       const std::vector<Value>& pipeline);

    void fill(Batch& batch) override;
    bool is_over() const override { return over_; }
    bool awaits() const override { return true; }
    std::optional<Value> resume_token() const override { return token_.value(); }

  private:
    void begin(const Value& specification);
    void resume(const Value& token, bool behind_invalidate);
    void check_history(Timestamp time) const;
    void read_entry();
    void queue(ChangeEvent event);
    std::vector<ChangeEvent> split(const ChangeEvent& event) const;

    const Engine& engine_;
    StreamOptions options_;
    std::vector<Value> stages_;
    bool splits_ = false;
    std::uint64_t next_ = 0;             ///< the entry to read
    std::optional<ResumeToken> behind_;  ///< events up to this one are left out
    std::deque<ChangeEvent> queue_;      ///< what was read and not yet sent
    ResumeToken token_;
    bool over_ = false;
};

}  // namespace standin
