#include "lib/sink/mongo_writer.hpp"

#include <algorithm>

#include "lib/client/document_key.hpp"
#include "lib/client/mongo_cursor.hpp"
#include "lib/sink/document_update.hpp"

namespace dts {

namespace {

using Kind = DocumentWrite::Kind;

constexpr std::size_t most_read_at_once = 1000;
constexpr std::size_t most_in_order = 64;  ///< whose documents are in memory together

/// A replacement may have no such name at its top, an insert may.
bool has_dollar_name(std::string_view document) {
    BsonReader reader(document);
    while (const auto field = reader.next()) {
        if (field->name.starts_with('$')) return true;
    }
    return false;
}

BsonElement id_in(std::string_view document, std::string_view key) {
    const auto id = find_element(document, "_id");
    return id ? *id : element_of_key(key);
}

}  // namespace

MongoWriter::MongoWriter(MongoConnection& connection, CollectionWrites& writes,
                         const MongoSession* session)
    : connection_(connection),
      writes_(writes),
      session_(session),
      bulk_(connection, writes.database, writes.collection, session) {}

void MongoWriter::execute() {
    if (writes_.keeps_order) {
        execute_in_order();
    } else {
        execute_merged();
    }
    bulk_.execute();
}

void MongoWriter::execute_merged() {
    std::vector<const DocumentWrite*> updates;
    for (const DocumentWrite& write : writes_.writes) {
        if (write.kind == Kind::remove) bulk_.remove(element_of_key(write.key));
        if (write.kind == Kind::update) updates.push_back(&write);
    }
    for (const DocumentWrite& write : writes_.writes) {
        if (write.kind != Kind::remove && write.kind != Kind::update)
            this->write(write, write.document);
    }
    for (std::size_t begin = 0; begin < updates.size(); begin += most_read_at_once) {
        const std::size_t end = std::min(updates.size(), begin + most_read_at_once);
        update_documents({updates.begin() + static_cast<std::ptrdiff_t>(begin),
                          updates.begin() + static_cast<std::ptrdiff_t>(end)});
    }
}

void MongoWriter::write(const DocumentWrite& write, std::string_view document) {
    const BsonElement id = id_in(document, write.key);
    if (write.kind == Kind::insert) {
        bulk_.insert(document);
    } else if (has_dollar_name(document)) {
        bulk_.remove(id);
        bulk_.insert(document);
    } else {
        bulk_.write(id, document, write.kind == Kind::write);
    }
}

void MongoWriter::update_documents(const std::vector<const DocumentWrite*>& updates) {
    std::vector<std::string_view> keys;
    std::unordered_map<std::string_view, const DocumentWrite*> by_key;
    for (const DocumentWrite* update : updates) {
        keys.push_back(update->key);
        by_key.emplace(update->key, update);
    }
    std::size_t found = 0;
    read_documents(keys, [&](const std::string& key, std::string_view document) {
        const auto update = by_key.find(key);
        if (update == by_key.end()) return;
        ++found;
        write(*update->second, updated(std::string(document), *update->second));
    });
    writes_.unfit += static_cast<unsigned>(by_key.size() - found);
}

std::string MongoWriter::updated(std::string document, const DocumentWrite& write) {
    for (const std::string_view update : write.updates) {
        auto result = apply_update(document, update);
        if (!result.fits) ++writes_.unfit;
        document = std::move(result.bytes);
    }
    return document;
}

template <typename Use>
void MongoWriter::read_documents(const std::vector<std::string_view>& keys, Use use) {
    BsonWriter filter;
    const auto by_id = filter.open("_id", BsonType::document);
    const auto among = filter.open("$in", BsonType::array);
    for (std::size_t i = 0; i < keys.size(); ++i)
        filter.element(std::to_string(i), element_of_key(keys[i]));
    filter.close(among);
    filter.close(by_id);
    BsonWriter command;
    command.text("find", writes_.collection).document("filter", filter.take());
    MongoCursor cursor(connection_, writes_.database, command.take(), {session_, 0});
    while (const auto batch = cursor.next()) {
        BsonReader reader(*batch);
        while (const auto document = reader.next()) {
            const auto id = find_element(document->as_document(), "_id");
            if (!id) continue;
            std::string key;
            append_document_key(key, *id);
            use(key, document->as_document());
        }
    }
}

void MongoWriter::execute_in_order() {
    const auto& all = writes_.writes;
    for (std::size_t begin = 0; begin < all.size(); begin += most_in_order) {
        const std::size_t end = std::min(all.size(), begin + most_in_order);
        std::vector<std::string_view> keys;
        for (std::size_t i = begin; i < end; ++i) {
            const bool is_known = std::find(keys.begin(), keys.end(), all[i].key) != keys.end();
            if (all[i].kind == Kind::update && !is_known) keys.push_back(all[i].key);
        }
        Documents documents;
        if (!keys.empty()) {
            read_documents(keys, [&](const std::string& key, std::string_view document) {
                documents.emplace(key, document);
            });
        }
        for (std::size_t i = begin; i < end; ++i) {
            const DocumentWrite& write = all[i];
            const std::string key(write.key);
            if (write.kind == Kind::remove) {
                bulk_.remove(element_of_key(write.key));
                documents.erase(key);
            } else if (write.kind != Kind::update) {
                this->write(write, write.document);
                documents[key] = write.document;
            } else if (const auto found = documents.find(key); found != documents.end()) {
                found->second = updated(std::move(found->second), write);
                this->write(write, found->second);
            } else {
                ++writes_.unfit;
            }
        }
        bulk_.execute();
    }
}

}  // namespace dts
