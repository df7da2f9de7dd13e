// What the decoders of MongoDB's streams make of their input, as texts to compare.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "lib/change/document_table.hpp"
#include "lib/client/document_key.hpp"
#include "lib/source/mongo/document_batch.hpp"
#include "test/unit/bson_json.hpp"

namespace dts::test {

inline DocumentBatch batch_of_all() {
    return DocumentBatch([](std::string_view, std::string_view) { return true; }, {});
}

inline std::string key_text(std::string_view key) {
    BsonWriter document;
    document.element("_id", element_of_key(key));
    return json_of(document.take());
}

/// "insert db.coll {document}", "delete db.coll {key}", "update db.coll {key} {description}".
inline std::string change_text(const RowChange& change) {
    const auto name = change.table->schema + "." + change.table->table;
    const Value* const image = change.after != nullptr ? change.after : change.before;
    const auto key = key_text(image[document_table::key].as_view());
    if (change.kind == ChangeKind::remove) return fmt::format("delete {} {}", name, key);
    if (image[document_table::document].is_carried()) {
        return fmt::format("{} {} {}", change.kind == ChangeKind::insert ? "insert" : "replace",
                           name, json_of(image[document_table::document].as_view()));
    }
    return fmt::format("update {} {} {}", name, key,
                       json_of(image[document_table::update].as_view()));
}

inline std::vector<std::string> change_texts(const ChangeBatch& batch) {
    std::vector<std::string> texts;
    for (const RowChange& change : batch.changes) texts.push_back(change_text(change));
    return texts;
}

inline const MongoPosition& mark_of(const ChangeBatch& batch, std::size_t mark, PositionPtr& keep) {
    keep = batch.trail->after_commit(mark);
    return dynamic_cast<const MongoPosition&>(*keep);
}

}  // namespace dts::test
