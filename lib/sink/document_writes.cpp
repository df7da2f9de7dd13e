#include "lib/sink/document_writes.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/change/document_table.hpp"
#include "lib/sink/document_update.hpp"

namespace dts {

namespace {

using Kind = DocumentWrite::Kind;

std::string_view bytes_of(const Value* row, std::uint16_t column) {
    const Value& value = row[column];
    return value.kind() == ValueKind::bytes ? value.as_view() : std::string_view();
}

DocumentWrite write_of(const RowWrite& row, WriteKind kind, const DocumentRules& rules) {
    namespace columns = document_table;
    const bool removes = kind == WriteKind::remove || kind == WriteKind::remove_exact;
    const Value* const image = removes ? row.before : row.after;
    DocumentWrite write{Kind::remove, bytes_of(image, columns::key), {}, {}};
    if (removes) return write;
    write.document = bytes_of(image, columns::document);
    if (write.document.empty()) {
        write.kind = Kind::update;
        write.updates.push_back(bytes_of(image, columns::update));
    } else if (kind == WriteKind::insert) {
        write.kind = rules.inserts_replace ? Kind::write : Kind::insert;
    } else {
        write.kind = rules.updates_insert ? Kind::write : Kind::replace;
    }
    return write;
}

/// The earlier write of the document and the later one become one.
void merge(CollectionWrites& collection, DocumentWrite& earlier, DocumentWrite&& later) {
    if (later.kind != Kind::update) {
        // Removed and there again: the new one cannot meet the old.
        const bool follows_remove = earlier.kind == Kind::remove && later.kind == Kind::insert;
        earlier = std::move(later);
        if (follows_remove) earlier.kind = Kind::write;
        return;
    }
    switch (earlier.kind) {
        case Kind::update:
            earlier.updates.insert(earlier.updates.end(), later.updates.begin(),
                                   later.updates.end());
            break;
        case Kind::remove:
            ++collection.unfit;
            break;
        case Kind::write:
        case Kind::insert:
        case Kind::replace: {
            auto updated = apply_update(earlier.document, later.updates.front());
            if (!updated.fits) ++collection.unfit;
            collection.made.push_back(std::make_unique<std::string>(std::move(updated.bytes)));
            earlier.document = *collection.made.back();
            break;
        }
    }
}

struct Building {
    CollectionWrites writes;
    std::unordered_map<std::string_view, std::size_t> by_key;
    bool all_distinct = true;  ///< no two of its rows can be of one document
};

Building& building_of(std::vector<Building>& all, const TableBinding& binding) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Building& building) {
        return building.writes.database == binding.target->schema &&
               building.writes.collection == binding.target->table;
    });
    if (found != all.end()) return *found;
    all.emplace_back();
    all.back().writes.database = binding.target->schema;
    all.back().writes.collection = binding.target->table;
    all.back().writes.keeps_order = !binding.whole;
    return all.back();
}

}  // namespace

std::vector<CollectionWrites> collect_document_writes(const WriteGroup& group,
                                                      const DocumentRules& rules) {
    std::vector<Building> all;
    // The planner has merged what it marks as distinct; its writes of one table do not meet.
    for (const TableWrite& table : group.writes) {
        Building& building = building_of(all, *table.binding);
        building.all_distinct = building.all_distinct && table.distinct;
    }
    for (const TableWrite& table : group.writes) {
        Building& building = building_of(all, *table.binding);
        CollectionWrites& writes = building.writes;
        for (const RowWrite& row : table.rows) {
            DocumentWrite write = write_of(row, table.kind, rules);
            if (writes.keeps_order || building.all_distinct) {
                writes.writes.push_back(std::move(write));
                continue;
            }
            const auto [entry, is_new] = building.by_key.emplace(write.key, writes.writes.size());
            if (is_new) {
                writes.writes.push_back(std::move(write));
            } else {
                merge(writes, writes.writes[entry->second], std::move(write));
            }
        }
    }
    std::vector<CollectionWrites> result;
    for (Building& building : all) result.push_back(std::move(building.writes));
    return result;
}

}  // namespace dts
