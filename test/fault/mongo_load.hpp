// Changes of every kind at a MongoDB source, by chance and without pause: a bank whose money is
// moved in transactions, documents that are changed in every way an update can, and transactions
// over several collections.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "test/fault/chance.hpp"
#include "test/servers/mongo_site.hpp"

namespace dts::test {

constexpr const char* mongo_load_database = "s";
constexpr const char* mongo_load_collections[] = {"bank", "documents", "other"};
constexpr int mongo_bank_accounts = 20;
constexpr int mongo_bank_money = 1000;  ///< of each account, at first

/// Makes the bank, on both sides.
void make_mongo_bank(MongoSite& site);

/// The bank's money as one look sees it; nothing while it is not there.
std::optional<std::int64_t> mongo_bank_total(MongoSite& site);

class MongoLoad {
  public:
    /// Begins. Goes on when the server is away for a while.
    MongoLoad(const std::string& uri, const Chance& chance);

    void stop();
    unsigned done() const noexcept { return done_; }

  private:
    void run(const std::stop_token& stop);
    void one_change(MongoSite& site);
    void move_money(MongoSite& site);
    void change_document(MongoSite& site);

    std::string uri_;
    Chance chance_;
    std::atomic<unsigned> done_ = 0;
    std::jthread thread_;
};

/// Looks at the bank all the time: no look may see a part of a transaction.
class MongoBankReader {
  public:
    explicit MongoBankReader(const std::string& uri);
    /// What it saw broken first; empty when nothing was.
    std::string stop();
    unsigned looks() const noexcept { return looks_; }

  private:
    void run(const std::stop_token& stop);

    std::string uri_;
    std::string broken_;  ///< read when the thread has ended
    std::atomic<unsigned> looks_ = 0;
    std::jthread thread_;
};

}  // namespace dts::test
