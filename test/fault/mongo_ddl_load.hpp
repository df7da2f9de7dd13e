// Collections of a MongoDB source that are made, dropped, renamed over one another, indexed and
// written to, by chance and without pause.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "test/fault/chance.hpp"
#include "test/servers/mongo_site.hpp"

namespace dts::test {

class MongoDdlLoad {
  public:
    /// Begins, in mongo_load_database. `unique`: among the indexes are unique ones.
    MongoDdlLoad(const std::string& uri, const Chance& chance, bool unique);

    void stop();
    unsigned done() const noexcept { return done_; }  ///< changes of collections themselves

  private:
    void run(const std::stop_token& stop);
    void change_collection(MongoSite& site);
    void change_document(MongoSite& site);
    std::string any_collection();

    std::string uri_;
    Chance chance_;
    bool unique_;
    std::atomic<unsigned> done_ = 0;
    std::jthread thread_;
};

/// What of these collections differs: which there are, their documents, options and indexes; empty
/// when nothing does.
std::string ddl_differences(MongoSite& source, MongoSite& target);

}  // namespace dts::test
