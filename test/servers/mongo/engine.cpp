#include "test/servers/mongo/engine.hpp"

#include <random>

namespace standin {

std::int64_t wall_milliseconds() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

namespace {

std::string random_bytes(std::size_t count) {
    static std::mt19937_64 random{std::random_device{}()};
    std::string bytes(count, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

}  // namespace

Engine::Engine(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    journal_ = std::make_unique<Journal>(folder / "journal",
                                         [this](const Value& record) { play(record); });
    if (!oplog_.empty()) return;
    set_replica_set_id(Value::object_id(random_bytes(12)));
    log_noop("initiating set");
}

Value Engine::new_uuid() const {
    std::string bytes = random_bytes(16);
    bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
    bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
    return Value::binary(4, bytes);
}

Timestamp Engine::next_time() {
    const auto seconds = static_cast<std::uint32_t>(wall_milliseconds() / 1000);
    if (seconds > last_time_.seconds) {
        last_time_ = {seconds, 1};
    } else {
        ++last_time_.counter;
    }
    return last_time_;
}

void Engine::play(const Value& record) {
    const Timestamp at = record.find("at")->time();
    const bool keep_history = sessions_.open_count() > 0;
    for (const auto& [index, mutation] : record.find("m")->fields()) {
        const auto kind = mutation.text_of("k");
        if (kind == "log") {
            oplog_.append(*mutation.find("e"));
        } else if (kind == "cut") {
            oplog_.cut_to(static_cast<std::size_t>(mutation.integer_of("entries")));
        } else if (kind == "term") {
            term_ = mutation.integer_of("t");
        } else if (kind == "set") {
            replica_set_id_ = *mutation.find("id");
        } else {
            store_.apply(mutation, at, keep_history);
            sessions_.apply(mutation);
        }
    }
    last_time_ = std::max(last_time_, at);
    ++changes_;
}

void Engine::write(Value mutations, Timestamp at) {
    const Value record{{"at", at}, {"m", std::move(mutations)}};
    journal_->append(record);
    play(record);
}

Timestamp Engine::commit(Change change) {
    Value mutations = Value::array({});
    Timestamp before;
    for (auto& entry : change.entries) {
        const Timestamp time = next_time();
        if (change.chained) {
            const bool first = before == Timestamp();
            entry.append("prevOpTime",
                         Value{{"ts", before}, {"t", first ? std::int64_t{-1} : term_}});
            if (Value* o = entry.find("o"); o->has("commitTransaction")) {
                o->append("commitTimestamp", before);
            }
        }
        before = time;
        entry.append("ts", time);
        entry.append("t", term_);
        entry.append("v", std::int64_t{2});
        entry.append("wall", Value::date(wall_milliseconds()));
        mutations.push(Value{{"k", "log"}, {"e", std::move(entry)}});
    }
    for (auto& mutation : change.mutations) mutations.push(std::move(mutation));
    const auto limit = settings_.max_oplog_entries;
    if (limit > 0 && oplog_.size() + change.entries.size() > limit) {
        mutations.push(Value{{"k", "cut"}, {"entries", static_cast<std::int64_t>(limit)}});
    }
    write(std::move(mutations), last_time_);
    return last_time_;
}

void Engine::log_noop(const std::string& message) {
    commit({{Value{{"op", "n"}, {"ns", ""}, {"o", Value{{"msg", message}}}}}, {}, false});
}

void Engine::cut_oplog(std::size_t entries) {
    write(Value::array({Value{{"k", "cut"}, {"entries", static_cast<std::int64_t>(entries)}}}),
          last_time_);
}

void Engine::next_term() {
    write(Value::array({Value{{"k", "term"}, {"t", term_ + 1}}}), last_time_);
}

void Engine::set_replica_set_id(const Value& id) {
    write(Value::array({Value{{"k", "set"}, {"id", id}}}), last_time_);
}

void Engine::forget_history() {
    if (sessions_.open_count() == 0) store_.forget_history();
}

}  // namespace standin
