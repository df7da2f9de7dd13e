#include "test/fault/mongo_load.hpp"

#include <fmt/format.h>

namespace dts::test {

namespace {

std::string update(const char* collection, int id, std::string_view change, bool upsert = false) {
    return fmt::format(R"({{"update":"{}","updates":[{{"q":{{"_id":{}}},"u":{},"upsert":{}}}]}})",
                       collection, id, change, upsert);
}

}  // namespace

void make_mongo_bank(MongoSite& site) {
    std::vector<std::string> accounts;
    for (int i = 0; i < mongo_bank_accounts; ++i)
        accounts.push_back(bson_of(fmt::format(R"({{"_id":{},"m":{}}})", i, mongo_bank_money)));
    site.insert(mongo_load_database, "bank", accounts);
    for (const char* name : {"documents", "other"})
        site.run(mongo_load_database, fmt::format(R"({{"create":"{}"}})", name));
}

std::optional<std::int64_t> mongo_bank_total(MongoSite& site) {
    const auto accounts = site.documents(mongo_load_database, "bank");
    if (accounts.size() != mongo_bank_accounts) return std::nullopt;
    std::int64_t total = 0;
    for (const auto& [key, account] : accounts) total += find_element(account, "m")->as_integer();
    return total;
}

MongoLoad::MongoLoad(const std::string& uri, const Chance& chance)
    : uri_(uri), chance_(chance, 1), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void MongoLoad::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void MongoLoad::run(const std::stop_token& stop) {
    MongoSite site(uri_);
    while (!stop.stop_requested()) {
        try {
            one_change(site);
            ++done_;
        } catch (const Error&) {
            // The server is away, or two changes met: another one then.
        }
    }
}

void MongoLoad::one_change(MongoSite& site) {
    if (chance_.one_in(3)) {
        move_money(site);
    } else {
        change_document(site);
    }
}

void MongoLoad::move_money(MongoSite& site) {
    std::vector<std::pair<std::string, std::string>> commands;
    for (int moves = chance_.between(1, chance_.one_in(20) ? 60 : 3); moves > 0; --moves) {
        const int amount = chance_.between(1, 50);
        const int from = chance_.between(0, mongo_bank_accounts - 1);
        const int to = chance_.between(0, mongo_bank_accounts - 1);
        for (const auto& [account, sum] : {std::pair(from, -amount), std::pair(to, amount)})
            commands.emplace_back(
                mongo_load_database,
                update("bank", account, fmt::format(R"({{"$inc":{{"m":{}}}}})", sum)));
    }
    const int id = chance_.between(0, 200);
    commands.emplace_back(mongo_load_database,
                          update("other", id, R"({"$inc":{"n":1},"$set":{"t":"x"}})", true));
    site.transaction(commands);
}

void MongoLoad::change_document(MongoSite& site) {
    const int id = chance_.between(0, 60);
    const int value = chance_.between(0, 1'000'000);
    const auto change = [&](std::string_view what, bool upsert = false) {
        site.run(mongo_load_database, update("documents", id, what, upsert));
    };
    switch (chance_.between(0, 9)) {
        case 0:
            change(fmt::format(R"({{"a":{{"b":[1,2,{{"c":{}}}]}},"v":{}}})", value, value), true);
            break;
        case 1:
            change(fmt::format(R"({{"$set":{{"a.b.2.c":{}}}}})", value));
            break;
        case 2:
            change(fmt::format(R"({{"$push":{{"l":{}}}}})", value), true);
            break;
        case 3:
            change(R"({"$pop":{"l":1}})");
            break;
        case 4:
            change(fmt::format(R"({{"$set":{{"o.x{}":{},"o.y":1}}}})", value % 5, value), true);
            break;
        case 5:
            change(fmt::format(R"({{"$unset":{{"o.x{}":1,"v":1}}}})", value % 5));
            break;
        case 6:
            change(R"({"$inc":{"n":1}})", true);
            break;
        case 7:
            change(fmt::format(R"({{"$set":{{"o":{}}}}})", value));
            break;
        case 8:
            change(R"({"$unset":{"l":1,"o":1}})");
            break;
        default:
            site.run(
                mongo_load_database,
                fmt::format(
                    R"({{"delete":"documents","deletes":[{{"q":{{"_id":{}}},"limit":1}}]}})", id));
    }
}

MongoBankReader::MongoBankReader(const std::string& uri)
    : uri_(uri), thread_([this](const std::stop_token& stop) { run(stop); }) {}

std::string MongoBankReader::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return broken_;
}

void MongoBankReader::run(const std::stop_token& stop) {
    MongoSite site(uri_);
    while (!stop.stop_requested() && broken_.empty()) {
        try {
            const auto total = mongo_bank_total(site);
            ++looks_;
            const auto all = std::int64_t{mongo_bank_accounts} * mongo_bank_money;
            if (total && *total != all)
                broken_ = fmt::format("a look at the bank saw {} instead of {}", *total, all);
        } catch (const Error&) {
            // The target is away for a while.
        }
    }
}

}  // namespace dts::test
