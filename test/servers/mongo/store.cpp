#include "test/servers/mongo/store.hpp"

#include <algorithm>

#include "test/servers/mongo/path.hpp"
#include "test/servers/mongo/value_key.hpp"

namespace standin {

Raw raw_of(const Value& document) {
    return std::make_shared<const std::string>(document.bytes());
}

std::string database_of(std::string_view ns) {
    return std::string(ns.substr(0, ns.find('.')));
}

std::string collection_of(std::string_view ns) {
    const auto dot = ns.find('.');
    return dot == std::string_view::npos ? std::string() : std::string(ns.substr(dot + 1));
}

const Record* Collection::find(const std::string& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? nullptr : &found->second;
}

Raw Collection::find_at(const std::string& key, Timestamp snapshot) const {
    const Record* now = find(key);
    if (now != nullptr && now->modified <= snapshot) return now->document;
    const auto [first, last] = history_.equal_range(key);
    for (auto one = first; one != last; ++one) {
        const Version& version = one->second;
        if (version.since <= snapshot && snapshot < version.until) return version.document;
    }
    return nullptr;
}

void Collection::scan(const std::function<bool(const std::string&, const Record&)>& visitor) const {
    for (const auto& [order, key] : order_) {
        if (!visitor(key, records_.at(key))) return;
    }
}

std::string Collection::entry_of(const Index& index, const Value& document) {
    std::string entry;
    bool any = false;
    const Value* fields = index.spec.find("key");
    for (const auto& field : fields->fields()) {
        const Value* value = value_at(document, path_parts(field.name));
        any = any || value != nullptr;
        entry += key_of(value ? *value : Value());
    }
    return !any && index.spec.truthy_of("sparse") ? std::string() : entry;
}

void Collection::enter(const std::string& key, const Value& document, bool enters) {
    for (auto& index : indexes_) {
        if (!index.unique) continue;
        const auto entry = entry_of(index, document);
        if (entry.empty()) continue;
        if (enters) index.entries[entry] = key;
        if (!enters) index.entries.erase(entry);
    }
}

void Collection::put(const Value& document, Timestamp at, bool keep_history) {
    const std::string key = key_of(*document.find("_id"));
    Record& record = records_[key];
    if (record.document) {
        if (keep_history) history_.insert({key, {record.modified, at, record.document}});
        enter(key, parsed(record.document), false);
    } else {
        record.order = next_order_++;
        order_[record.order] = key;
    }
    record.document = raw_of(document);
    record.modified = at;
    enter(key, document, true);
}

void Collection::remove(const std::string& key, Timestamp at, bool keep_history) {
    const auto found = records_.find(key);
    if (found == records_.end()) return;
    const Record& record = found->second;
    if (keep_history) history_.insert({key, {record.modified, at, record.document}});
    enter(key, parsed(record.document), false);
    order_.erase(record.order);
    records_.erase(found);
}

void Collection::add_index(const Value& spec) {
    Index index{spec, spec.truthy_of("unique"), {}};
    if (index.unique) {
        for (const auto& [key, record] : records_) {
            const auto entry = entry_of(index, parsed(record.document));
            if (!entry.empty()) index.entries[entry] = key;
        }
    }
    indexes_.push_back(std::move(index));
}

void Collection::drop_index(const std::string& index_name) {
    std::erase_if(indexes_,
                  [&](const Index& one) { return one.spec.text_of("name") == index_name; });
}

void Collection::modify(const Value& changes) {
    for (const auto& field : changes.fields()) {
        if (field.name != "index") {
            options.set(field.name, field.value);
            continue;
        }
        for (Index& one : indexes_) {
            if (one.spec.text_of("name") != field.value.text_of("name")) continue;
            for (const auto& changed : field.value.fields())
                one.spec.set(changed.name, changed.value);
        }
    }
}

const Collection* Store::find(const std::string& ns) const {
    const auto found = collections_.find(ns);
    return found == collections_.end() ? nullptr : &found->second;
}

std::vector<const Collection*> Store::of_database(std::string_view db) const {
    std::vector<const Collection*> all;
    for (const auto& [ns, collection] : collections_) {
        if (database_of(ns) == db) all.push_back(&collection);
    }
    return all;
}

void Store::apply(const Value& mutation, Timestamp at, bool keep_history) {
    const auto kind = mutation.text_of("k");
    const auto ns = mutation.text_of("ns");
    if (kind == "create") {
        Collection& made = collections_[ns];
        made.name = ns;
        made.uuid = *mutation.find("uuid");
        made.type = mutation.text_of("type");
        made.options = *mutation.find("options");
    } else if (kind == "drop") {
        collections_.erase(ns);
    } else if (kind == "rename") {
        auto moved = collections_.extract(ns);
        moved.key() = moved.mapped().name = mutation.text_of("to");
        collections_.erase(moved.key());
        collections_.insert(std::move(moved));
    } else if (kind == "put") {
        collections_.at(ns).put(*mutation.find("d"), at, keep_history);
    } else if (kind == "remove") {
        collections_.at(ns).remove(key_of(*mutation.find("id")), at, keep_history);
    } else if (kind == "index") {
        collections_.at(ns).add_index(*mutation.find("spec"));
    } else if (kind == "dropIndex") {
        collections_.at(ns).drop_index(mutation.text_of("name"));
    } else if (kind == "modify") {
        collections_.at(ns).modify(*mutation.find("o"));
    }
}

void Store::forget_history() {
    for (auto& [ns, collection] : collections_) collection.forget_history();
}

}  // namespace standin
