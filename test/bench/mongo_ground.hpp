// The MongoDB source of a benchmark with one backlog in its oplog, and targets for it. Both are
// stand-ins (test/servers/mongo): what is measured is the worker, never MongoDB.
#pragma once

#include <memory>
#include <string>

#include "test/bench/bench_options.hpp"
#include "test/servers/mongo_server.hpp"
#include "test/servers/mongo_site.hpp"
#include "test/servers/task_ini.hpp"
#include "test/servers/worker_process.hpp"

namespace dts::bench {

class MongoGround {
  public:
    static constexpr const char* database = "bench";

    /// Starts a source and makes the backlog: "updates" of one document each; "inserts";
    /// "transactions" of 100 changes.
    MongoGround(const Options& options, const std::string& backlog);

    const std::string& description() const noexcept { return description_; }
    unsigned changes() const noexcept { return changes_; }
    test::MongoServer& server() noexcept { return source_server_; }

    /// A stand-in that holds what the source held before the backlog.
    struct Target {
        test::MongoServer server{"rs1"};
        test::MongoSite site{server.url()};
    };
    std::unique_ptr<Target> make_target() const;

    /// A task that follows `stream` from the backlog's begin; to a target, or nowhere.
    test::TaskIni task(const std::string& stream, const Target* target) const;

    /// Waits until the worker has recorded, or the target shows, the end of the backlog.
    void wait_for_record(test::WorkerProcess& worker) const;
    void wait_for_mark(Target& target, test::WorkerProcess& worker) const;
    /// Throws when the collections do not hold the same on both, byte for byte.
    void require_equal(Target& target);

  private:
    void fill(test::MongoSite& site) const;
    void make_updates();
    void make_inserts();
    void make_transactions();

    Options options_;
    std::string description_;
    unsigned changes_ = 0;
    std::uint32_t begin_ = 0;  ///< seconds: all of the backlog lies behind it, nothing else
    std::uint32_t end_ = 0;    ///< and before this one, which holds the mark
    test::MongoServer source_server_{"rs0"};
    test::MongoSite source_{source_server_.url()};
};

}  // namespace dts::bench
