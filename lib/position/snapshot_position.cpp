#include "lib/position/snapshot_position.hpp"

#include <algorithm>

#include "lib/position/record_json.hpp"

namespace dts {

namespace {

void append_table(std::string& json, const SnapshotTable& table) {
    json += R"(,"db_type":)";
    append_json_text(json, table.db_type);
    json += R"(,"schema":)";
    append_json_text(json, table.schema);
    json += R"(,"tb":)";
    append_json_text(json, table.tb);
}

/// ["id","6"]
void append_column(std::string& json, const OrderColumn& column) {
    json += '[';
    append_json_text(json, column.name);
    json += ',';
    if (column.value)
        append_json_text(json, *column.value);
    else
        json += "null";
    json += ']';
}

SnapshotTable take_table(RecordFields& fields) {
    SnapshotTable table;
    table.db_type = fields.take_name("db_type");
    if (table.db_type != "mysql" && table.db_type != "pg" && table.db_type != "mongo")
        fields.fail("\"db_type\" is none of mysql, pg, mongo");
    table.schema = fields.take_name("schema");
    table.tb = fields.take_name("tb");
    return table;
}

OrderColumn column_of(const JsonValue& value, const RecordFields& fields) {
    const auto* pair = value.array();
    const auto* name = pair != nullptr && pair->size() == 2 ? (*pair)[0].text() : nullptr;
    if (name == nullptr || name->empty())
        fields.fail("\"order_key\" holds what is not a pair of column and value");
    const auto* text = (*pair)[1].text();
    if (text == nullptr && !(*pair)[1].is_null())
        fields.fail("\"order_key\" holds a value that is no text");
    return {*name, text != nullptr ? std::optional(*text) : std::nullopt};
}

/// {"single":["id","6"]} or {"composite":[["k1","1"],["k2","a"]]}
void read_order_key(const JsonValue& key, const RecordFields& fields, SnapshotPosition& position) {
    const auto* members = key.object();
    if (members == nullptr || members->size() != 1)
        fields.fail("\"order_key\" is neither single nor composite");
    const auto& [form, value] = members->front();
    if (form == "single") {
        position.form = OrderForm::single;
        position.order.push_back(column_of(value, fields));
        return;
    }
    if (form != "composite") fields.fail("\"order_key\" is neither single nor composite");
    position.form = OrderForm::composite;
    const auto* columns = value.array();
    if (columns == nullptr || columns->empty()) fields.fail("\"composite\" names no columns");
    for (const auto& column : *columns) {
        auto next = column_of(column, fields);
        if (std::any_of(position.order.begin(), position.order.end(),
                        [&](const OrderColumn& known) { return known.name == next.name; }))
            fields.fail("\"composite\" names a column twice");
        position.order.push_back(std::move(next));
    }
}

class SnapshotCodec final : public PositionCodec {
  public:
    std::string_view type() const noexcept override { return "RdbSnapshot"; }

    PositionPtr decode(std::string_view json) const override {
        RecordFields fields(json, type());
        auto position = std::make_shared<SnapshotPosition>();
        position->table = take_table(fields);
        if (fields.has("order_key")) {
            read_order_key(fields.take("order_key"), fields, *position);
        } else {
            auto name = fields.take_name("order_col");
            position->order.push_back({std::move(name), fields.take_text("value")});
        }
        fields.finish();
        return position;
    }
};

class SnapshotFinishedCodec final : public PositionCodec {
  public:
    std::string_view type() const noexcept override { return "RdbSnapshotFinished"; }

    PositionPtr decode(std::string_view json) const override {
        RecordFields fields(json, type());
        auto position = std::make_shared<SnapshotFinishedPosition>();
        position->table = take_table(fields);
        fields.finish();
        return position;
    }
};

}  // namespace

std::string SnapshotPosition::to_json() const {
    std::string json = R"({"type":"RdbSnapshot")";
    append_table(json, table);
    if (form == OrderForm::column) {
        json += R"(,"order_col":)";
        append_json_text(json, order.front().name);
        json += R"(,"value":)";
        append_json_text(json, order.front().value.value_or(""));
    } else if (form == OrderForm::single) {
        json += R"(,"order_key":{"single":)";
        append_column(json, order.front());
        json += '}';
    } else {
        json += R"(,"order_key":{"composite":[)";
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (i > 0) json += ',';
            append_column(json, order[i]);
        }
        json += "]}";
    }
    json += '}';
    return json;
}

std::partial_ordering SnapshotPosition::compare(const Position& other) const noexcept {
    const auto* that = dynamic_cast<const SnapshotPosition*>(&other);
    const bool same = that != nullptr && table == that->table && order == that->order;
    return same ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
}

std::string SnapshotFinishedPosition::to_json() const {
    std::string json = R"({"type":"RdbSnapshotFinished")";
    append_table(json, table);
    json += '}';
    return json;
}

std::partial_ordering SnapshotFinishedPosition::compare(const Position& other) const noexcept {
    const auto* that = dynamic_cast<const SnapshotFinishedPosition*>(&other);
    const bool same = that != nullptr && table == that->table;
    return same ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
}

std::unique_ptr<PositionCodec> snapshot_codec() {
    return std::make_unique<SnapshotCodec>();
}

std::unique_ptr<PositionCodec> snapshot_finished_codec() {
    return std::make_unique<SnapshotFinishedCodec>();
}

}  // namespace dts
