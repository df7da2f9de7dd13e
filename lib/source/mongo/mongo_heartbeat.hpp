// The heartbeat's document in a MongoDB source, one for each task: _id is the task's name. Its
// fields are those of the other sources' rows.
#pragma once

#include "lib/client/mongo_client.hpp"
#include "lib/source/heartbeat_writer.hpp"

namespace dts {

class MongoHeartbeat final : public HeartbeatSession {
  public:
    struct Options {
        MongoEndpoint endpoint;
        std::string task;
        std::string database;
        std::string collection;
    };
    explicit MongoHeartbeat(Options options);

    /// Makes the collection where it is missing.
    void beat(const PositionPtr& received, const PositionPtr& flushed) override;
    /// The endpoint's time-outs are short.
    void interrupt() noexcept override {}

  private:
    Options options_;
    MongoConnection connection_;
};

}  // namespace dts
