#include "test/bench/mongo_ground.hpp"

#include <fmt/format.h>

#include <chrono>
#include <random>
#include <stdexcept>
#include <thread>

namespace dts::bench {

namespace {

constexpr unsigned per_command = 1000;
constexpr unsigned per_transaction = 100;
constexpr auto longest_wait = std::chrono::minutes(10);

/// Of the same fields as the rows of the other benchmarks.
std::string document_of(unsigned id) {
    BsonWriter document;
    document.int32("_id", static_cast<std::int32_t>(id));
    document.int32("a", static_cast<std::int32_t>(id % 300'000'000 * 7));
    document.text("b", fmt::format("{:032x}-{}", std::uint64_t{id} * 2654435761U, id));
    document.date_ms("c", 1'704'067'200'000 + std::int64_t{id} * 1000);
    document.text("d", fmt::format("{}.{:02}", id / 100, id % 100));
    return document.take();
}

/// Documents of these ids, in commands of 1,000.
void insert_range(test::MongoSite& site, const char* collection, unsigned begin, unsigned end) {
    while (begin < end) {
        std::vector<std::string> documents;
        for (; begin < end && documents.size() < per_command; ++begin)
            documents.push_back(document_of(begin));
        site.insert(MongoGround::database, collection, documents);
    }
}

/// {q: {_id: id}, u: {$inc: {a: 1}, $set: {b: text}}}
std::string update_of(unsigned id, unsigned number) {
    BsonWriter by_id;
    by_id.int32("_id", static_cast<std::int32_t>(id));
    BsonWriter increase;
    increase.int32("a", 1);
    BsonWriter set;
    set.text("b", fmt::format("{:032x}-{}", std::uint64_t{number} * 40503U, id));
    BsonWriter change;
    change.document("$inc", increase.take()).document("$set", set.take());
    BsonWriter one;
    one.document("q", by_id.take()).document("u", change.take());
    return one.take();
}

/// Waits for the next full second of the clock, which it returns: what is written from now on is
/// not of the seconds before.
std::uint32_t next_second() {
    using std::chrono::system_clock;
    const auto second =
        std::chrono::ceil<std::chrono::seconds>(system_clock::now() + std::chrono::milliseconds(1));
    std::this_thread::sleep_until(second + std::chrono::milliseconds(1));
    return static_cast<std::uint32_t>(system_clock::to_time_t(second));
}

}  // namespace

MongoGround::MongoGround(const Options& options, const std::string& backlog) : options_(options) {
    fill(source_);
    begin_ = next_second();
    if (backlog == "updates") {
        make_updates();
    } else if (backlog == "inserts") {
        make_inserts();
    } else if (backlog == "transactions") {
        make_transactions();
    } else {
        throw std::runtime_error("no backlog is called " + backlog);
    }
    end_ = next_second();
    source_.insert_json(database, "mark", R"({"_id":1})");
}

void MongoGround::fill(test::MongoSite& site) const {
    insert_range(site, "updated", 0, options_.rows_per_table);
    for (const char* collection : {"inserted", "mark"})
        site.run(database, fmt::format(R"({{"create":"{}"}})", collection));
}

void MongoGround::make_updates() {
    changes_ = options_.update_transactions;
    description_ = fmt::format("{} updates of two fields of a document, each by itself", changes_);
    std::mt19937 random{42};
    std::uniform_int_distribution<unsigned> any_id(0, options_.rows_per_table - 1);
    for (unsigned made = 0; made < changes_;) {
        BsonWriter command;
        command.text("update", "updated");
        const auto updates = command.open("updates", BsonType::array);
        for (unsigned i = 0; i < per_command && made < changes_; ++i, ++made)
            command.document(std::to_string(i), update_of(any_id(random), made));
        command.close(updates);
        source_.run_bytes(database, command.take());
    }
}

void MongoGround::make_inserts() {
    changes_ = options_.inserted_rows;
    description_ = fmt::format("{} inserted documents", changes_);
    insert_range(source_, "inserted", 0, changes_);
}

void MongoGround::make_transactions() {
    const unsigned transactions = options_.inserted_rows / per_transaction;
    changes_ = transactions * per_transaction;
    description_ =
        fmt::format("{} transactions of {} inserted documents", transactions, per_transaction);
    auto& connection = source_.connection();
    const auto session = connection.start_session();
    for (unsigned made = 0; made < changes_;) {
        BsonWriter command;
        command.text("insert", "inserted");
        const auto documents = command.open("documents", BsonType::array);
        for (unsigned i = 0; i < per_transaction; ++i, ++made)
            command.document(std::to_string(i), document_of(made));
        command.close(documents);
        connection.begin(session);
        connection.command(database, command.take(), {&session, 0});
        connection.commit(session);
    }
}

std::unique_ptr<MongoGround::Target> MongoGround::make_target() const {
    auto target = std::make_unique<Target>();
    fill(target->site);
    return target;
}

test::TaskIni MongoGround::task(const std::string& stream, const Target* target) const {
    test::TaskIni ini;
    ini.set("extractor", "db_type", "mongo")
        .set("extractor", "extract_type", "cdc")
        .set("extractor", "url", source_.uri())
        .set("extractor", "source", stream)
        .set("extractor", "start_timestamp", std::to_string(begin_))
        .set("sinker", "db_type", "mongo")
        .set("parallelizer", "parallel_type", "mongo")
        .set("pipeline", "checkpoint_interval_secs", "1")
        .set("filter", "do_dbs", database)
        .set("filter", "do_events", "insert,update,delete");
    if (target != nullptr) {
        ini.set("sinker", "url", target->site.uri()).set("pipeline", "exactly_once", "true");
    } else {
        ini.set("sinker", "sink_type", "dummy");
    }
    apply_settings(ini, options_.settings);
    return ini;
}

void MongoGround::wait_for_record(test::WorkerProcess& worker) const {
    worker.wait_for(
        "the backlog's end to be recorded",
        [&] {
            const auto record = test::last_record(worker.log_folder(), "current_position");
            return !record.empty() &&
                   std::stoull(test::json_field(record, "operation_time")) >= end_;
        },
        longest_wait);
}

void MongoGround::wait_for_mark(Target& target, test::WorkerProcess& worker) const {
    const auto deadline = std::chrono::steady_clock::now() + longest_wait;
    while (target.site.documents(database, "mark").empty()) {
        if (!worker.is_running()) worker.wait_for_line("(the worker has ended)");
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("the backlog was not applied within 10 minutes");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void MongoGround::require_equal(Target& target) {
    for (const char* collection : {"updated", "inserted"}) {
        const auto differing = test::differences(source_, target.site, database, collection);
        if (!differing.empty())
            throw std::runtime_error(fmt::format("{}: {}", collection, differing));
    }
}

}  // namespace dts::bench
