#include "lib/sink/document_writes.hpp"

#include <catch2/catch.hpp>

#include "lib/change/document_table.hpp"
#include "lib/client/document_key.hpp"
#include "lib/pipeline/group_planner.hpp"
#include "test/unit/bson_json.hpp"

using namespace dts;
using namespace dts::test;

namespace {

class NoTrail final : public CommitTrail {
  public:
    PositionPtr after_commit(std::size_t) const override { return nullptr; }
    PositionPtr last_read() const override { return nullptr; }
};

/// Changes of one collection, planned as the pipeline does and collected.
class Group {
  public:
    Group() : batch_(std::make_unique<ChangeBatch>()) {
        table_ = std::make_shared<TableSchema>(document_table::schema_of("a", "b"));
        batch_->tables.push_back(table_);
        batch_->trail = std::make_unique<NoTrail>();
    }
    Group& insert(const char* document) { return add(ChangeKind::insert, document, document, {}); }
    Group& replace(const char* document) { return add(ChangeKind::update, document, document, {}); }
    Group& update(const char* key, const char* update) {
        return add(ChangeKind::update, key, {}, update);
    }
    Group& remove(const char* key) { return add(ChangeKind::remove, key, {}, {}); }

    /// "write {…}; remove {…}; update {key} x2".
    std::string text(bool merge = true, bool has_unique_index = false, DocumentRules rules = {}) {
        const auto bind = [&](const TableSchemaPtr& source) {
            TableSchema target = *source;
            if (has_unique_index) {
                Column own;
                own.name = "unique indexes";
                target.columns.push_back(own);
            }
            return bind_tables(source, std::make_shared<TableSchema>(target), {});
        };
        GroupPlanner::Options options;
        options.merge = merge;
        options.updates_as_upserts = rules.inserts_replace && rules.updates_insert;
        GroupPlanner planner(bind, options);
        GroupCut cut;
        const auto end = static_cast<std::uint32_t>(batch_->changes.size());
        cut.segments.push_back({std::shared_ptr<const ChangeBatch>(std::move(batch_)), 0, end});
        const WriteGroup group = planner.plan(std::move(cut));
        const auto collections = collect_document_writes(group, rules);
        REQUIRE(collections.size() == 1);
        CHECK(collections[0].keeps_order == has_unique_index);
        std::string text;
        for (const DocumentWrite& write : collections[0].writes)
            text += (text.empty() ? "" : "; ") + text_of(write);
        return text;
    }

  private:
    static std::string plain(std::string_view document) {
        const bson_t view = borrowed_bson(document);
        char* const json = bson_as_relaxed_extended_json(&view, nullptr);
        std::string text = json;
        bson_free(json);
        return text;
    }
    static std::string text_of(const DocumentWrite& write) {
        using Kind = DocumentWrite::Kind;
        BsonWriter key;
        key.element("_id", element_of_key(write.key));
        switch (write.kind) {
            case Kind::remove:
                return "remove " + plain(key.take());
            case Kind::write:
                return "write " + plain(write.document);
            case Kind::insert:
                return "insert " + plain(write.document);
            case Kind::replace:
                return "replace " + plain(write.document);
            case Kind::update:
                return fmt::format("update {} x{}", plain(key.take()), write.updates.size());
        }
        return {};
    }
    std::string_view keep(const char* json) {
        return json == nullptr ? std::string_view() : batch_->arena.copy(bson(json));
    }
    Group& add(ChangeKind kind, const char* id_holder, const char* document, const char* update) {
        std::string key;
        const auto holder = bson(id_holder);
        append_document_key(key, *find_element(holder, "_id"));
        auto values = batch_->arena.allocate<Value>(2 * document_table::columns);
        for (Value& value : values) value = Value();
        Value* const before = values.data();
        Value* const after = before + document_table::columns;
        before[0] = after[0] = Value::view(ValueKind::bytes, batch_->arena.copy(key));
        if (document != nullptr) after[1] = Value::view(ValueKind::bytes, keep(document));
        if (update != nullptr) after[2] = Value::view(ValueKind::bytes, keep(update));
        batch_->changes.push_back({table_.get(), kind == ChangeKind::insert ? nullptr : before,
                                   kind == ChangeKind::remove ? nullptr : after, kind,
                                   update != nullptr});
        return *this;
    }

    ChangeBatchPtr batch_;
    TableSchemaPtr table_;
};

constexpr const char* set_a = R"({"$v":2,"diff":{"u":{"a":7}}})";
constexpr const char* add_b = R"({"$v":2,"diff":{"i":{"b":1}}})";

}  // namespace

TEST_CASE("document writes: the last state of each document wins", "[mongo]") {
    CHECK(Group()
              .insert(R"({"_id":1})")
              .replace(R"({"_id":1,"a":1})")
              .remove(R"({"_id":2})")
              .text() == R"(remove { "_id" : 2 }; write { "_id" : 1, "a" : 1 })");
}

TEST_CASE("document writes: an update of a document that the group knows becomes that document",
          "[mongo]") {
    CHECK(Group()
              .insert(R"({"_id":1,"a":1})")
              .update(R"({"_id":1})", set_a)
              .update(R"({"_id":1.0})", add_b)
              .text() == R"(write { "_id" : 1, "a" : 7, "b" : 1 })");
}

TEST_CASE("document writes: updates of one document go together, in their order", "[mongo]") {
    CHECK(Group().update(R"({"_id":1})", set_a).update(R"({"_id":1})", add_b).text() ==
          R"(update { "_id" : 1 } x2)");
    CHECK(Group().update(R"({"_id":1})", set_a).replace(R"({"_id":1})").text() ==
          R"(write { "_id" : 1 })");
    CHECK(Group().update(R"({"_id":1})", set_a).remove(R"({"_id":1})").text() ==
          R"(remove { "_id" : 1 })");
    CHECK(Group().remove(R"({"_id":1})").update(R"({"_id":1})", set_a).text() ==
          R"(remove { "_id" : 1 })");
}

TEST_CASE("document writes: without merging each document is still written once", "[mongo]") {
    CHECK(Group()
              .insert(R"({"_id":1})")
              .remove(R"({"_id":1})")
              .insert(R"({"_id":1,"x":1})")
              .text(false) == R"(write { "_id" : 1, "x" : 1 })");
}

TEST_CASE("document writes: with a unique index every write keeps its place", "[mongo]") {
    CHECK(Group()
              .insert(R"({"_id":1})")
              .remove(R"({"_id":1})")
              .update(R"({"_id":2})", set_a)
              .insert(R"({"_id":1})")
              .text(true, true) ==
          R"(write { "_id" : 1 }; remove { "_id" : 1 }; update { "_id" : 2 } x1; )"
          R"(write { "_id" : 1 })");
}

TEST_CASE("document writes: where nothing may be replaced an insert stays one", "[mongo]") {
    CHECK(
        Group().insert(R"({"_id":1})").replace(R"({"_id":2})").text(false, false, {false, false}) ==
        R"(insert { "_id" : 1 }; replace { "_id" : 2 })");
}
