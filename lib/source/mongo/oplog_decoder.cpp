#include "lib/source/mongo/oplog_decoder.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/source/mongo/collection_commands.hpp"

namespace dts {

namespace {

constexpr unsigned deepest = 20;

std::string text_of(BsonTimestamp time) {
    return fmt::format("({}, {})", time.seconds, time.increment);
}

bool is_set(std::string_view object, std::string_view name) {
    const auto field = find_element(object, name);
    return field && field->is_true();
}

BsonElement id_in(const OplogEntry& entry, std::string_view document) {
    const auto id = document.empty() ? std::nullopt : find_element(document, "_id");
    if (id) return *id;
    throw Error(ErrorKind::data,
                fmt::format("an oplog entry of operation {} on \"{}\".\"{}\" does not say which "
                            "_id it means",
                            entry.op, entry.database, entry.collection));
}

}  // namespace

void OplogDecoder::accept(std::string_view bytes) {
    const OplogEntry entry(bytes);
    if (entry.op == "c") {
        command(entry);
    } else {
        change(entry);
    }
    if (chain_.empty()) batch_.commit(entry.place);
}

void OplogDecoder::change(const OplogEntry& entry) {
    if (entry.from_migrate || entry.op == "n") return;
    if (entry.op != "i" && entry.op != "u" && entry.op != "d") return;
    const auto database = entry.database;
    const auto collection = entry.collection;
    if (!batch_.selects(database, collection)) {
        batch_.skip();
    } else if (entry.op == "i") {
        batch_.insert(database, collection, id_in(entry, entry.object), entry.object);
    } else if (entry.op == "d") {
        batch_.remove(database, collection, id_in(entry, entry.object));
    } else if (entry.command().starts_with('$')) {
        batch_.update(database, collection, id_in(entry, entry.identifier), entry.object);
    } else {
        const auto& id_holder = entry.identifier.empty() ? entry.object : entry.identifier;
        batch_.replace(database, collection, id_in(entry, id_holder), entry.object);
    }
}

void OplogDecoder::command(const OplogEntry& entry) {
    const auto name = entry.command();
    if (name == "applyOps") {
        // Not true yet: what makes it true comes later, and names it.
        if (is_set(entry.object, "partialTxn") || is_set(entry.object, "prepare")) return;
        if (entry.previous.seconds != 0 && !entry.applied_apart) {
            begin_chain(entry, true);
        } else {
            apply_operations(entry.object, 0);
        }
    } else if (name == "commitTransaction") {
        begin_chain(entry, false);
    } else if (name != "abortTransaction") {
        definition(entry, false);
    }
}

/// What changes the collection itself. Inside an applyOps it has no place of its own.
void OplogDecoder::definition(const OplogEntry& entry, bool in_transaction) {
    if (entry.command() == "dropDatabase") {
        if (!entry.from_migrate) batch_.note_database_dropped(entry.database);
    } else if (auto command = command_of_entry(entry)) {
        if (in_transaction) {
            batch_.define_in_transaction(*command);
        } else {
            batch_.define(std::move(*command), entry.place);
        }
    }
}

void OplogDecoder::apply_operations(std::string_view object, unsigned depth) {
    if (depth > deepest) throw Error(ErrorKind::data, "an applyOps that is nested too deeply");
    const auto operations = find_element(object, "applyOps");
    if (!operations || !operations->is_array())
        throw Error(ErrorKind::data, "an applyOps entry without operations");
    BsonReader reader(operations->as_document());
    while (const auto operation = reader.next()) {
        const OplogEntry entry(operation->as_document());
        if (entry.op != "c") {
            change(entry);
        } else if (entry.command() == "applyOps") {
            apply_operations(entry.object, depth + 1);
        } else {
            definition(entry, true);
        }
    }
}

void OplogDecoder::begin_chain(const OplogEntry& last, bool with_last) {
    if (with_last) chain_.push_front(last.place.time);
    for (BsonTimestamp at = last.previous; at.seconds != 0;) {
        if (!chain_.empty() && !(at < chain_.front()))
            throw Error(
                ErrorKind::data,
                fmt::format("the oplog's transaction that ends at {} is chained in a circle",
                            text_of(last.place.time)));
        chain_.push_front(at);
        const std::string bytes = fetch_(at);
        at = OplogEntry(bytes).previous;
    }
    chain_end_ = last.place;
}

void OplogDecoder::step() {
    const std::string bytes = fetch_(chain_.front());
    const OplogEntry entry(bytes);
    if (entry.command() != "applyOps")
        throw Error(ErrorKind::data, fmt::format("the oplog's entry {} is part of a transaction, "
                                                 "but no applyOps",
                                                 text_of(chain_.front())));
    apply_operations(entry.object, 0);
    chain_.pop_front();
    if (chain_.empty()) batch_.commit(chain_end_);
}

}  // namespace dts
