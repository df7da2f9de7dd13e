#include "lib/source/mongo/oplog_entry.hpp"

namespace dts {

OplogEntry::OplogEntry(std::string_view bytes) {
    BsonReader reader(bytes);
    while (const auto field = reader.next()) {
        const auto name = field->name;
        if (name == "op") {
            op = field->as_text();
        } else if (name == "ns") {
            const auto full = field->as_text();
            const auto dot = std::min(full.find('.'), full.size());
            database = full.substr(0, dot);
            collection = full.substr(std::min(dot + 1, full.size()));
        } else if (name == "o" && field->is_document()) {
            object = field->as_document();
        } else if (name == "o2" && field->is_document()) {
            identifier = field->as_document();
        } else if (name == "fromMigrate") {
            from_migrate = field->is_true();
        } else if (name == "multiOpType") {
            applied_apart = field->is_number() && field->as_integer() == 1;
        } else if (name == "ts") {
            place.time = field->as_timestamp();
        } else if (name == "wall" && field->type == BsonType::date) {
            place.time_us = field->as_integer() * 1000;
        } else if (name == "prevOpTime" && field->is_document()) {
            if (const auto ts = find_element(field->as_document(), "ts"))
                previous = ts->as_timestamp();
        }
    }
}

std::string_view OplogEntry::command() const {
    if (object.empty()) return {};
    const auto first = BsonReader(object).next();
    return first ? first->name : std::string_view();
}

}  // namespace dts
