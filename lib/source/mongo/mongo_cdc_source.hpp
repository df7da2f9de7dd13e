// Follows a MongoDB replica set or cluster. The parts: change_stream_reader and oplog_reader (the
// two ways to follow it), change_event_decoder and oplog_decoder (their forms), document_batch
// (what is handed on), mongo_preflight (questions to the server).
//
// The server keeps its oplog by size, whoever reads: there is nothing to acknowledge. After a lost
// connection or cursor the source is made anew, from the last place that is durable in the target;
// the driver's own resuming of change streams is not used, since it knows nothing of that place.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "lib/source/mongo/mongo_preflight.hpp"
#include "lib/source/source.hpp"

namespace dts {

struct MongoCdcOptions {
    MongoEndpoint endpoint;
    MongoStream stream = MongoStream::change_stream;
    MongoScope scope;
    std::string resume_token;           ///< JSON; empty: none given
    std::uint32_t start_timestamp = 0;  ///< seconds since the epoch; 0: the current end
    int heartbeat_interval_secs = 10;   ///< for start_line() only, as the next
    std::string heartbeat_tb;
    TableSelector selector;
    CollectionCommandKinds commands;                 ///< applied at the target
    std::size_t batch_changes = 4000;                ///< a batch ends with about as many
    std::size_t batch_bytes = std::size_t{4} << 20;  ///< or as much memory
};

class MongoCdcSource final : public Source {
  public:
    explicit MongoCdcSource(MongoCdcOptions options);
    ~MongoCdcSource() override;

    void preflight() override;
    std::vector<std::string> notes() const override { return notes_; }
    std::string identity() override;
    PositionPtr current_end() override;
    PositionPtr configured_start() override;
    Holding holds(const Position& position) override;
    std::string start_line(const Position& position) const override;
    void open(const PositionPtr& position) override;
    ChangeBatchPtr next() override;
    bool is_caught_up() const noexcept override { return is_idle_; }
    void acknowledge(const Position&) override {}
    /// next() sees it within half a second: as long as the server is asked to wait.
    void interrupt() noexcept override { interrupted_ = true; }

  private:
    const MongoServerFacts& server();
    MongoReader& reader();

    MongoCdcOptions options_;
    MongoConnection connection_;
    std::unique_ptr<MongoServerFacts> server_;
    DocumentBatch batch_;
    std::unique_ptr<MongoReader> reader_;
    std::vector<std::string> notes_;
    std::exception_ptr pending_error_;  ///< thrown by the next next()
    std::atomic<bool> interrupted_ = false;
    std::atomic<bool> is_idle_ = false;
};

}  // namespace dts
