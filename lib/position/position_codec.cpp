#include "lib/position/position_codec.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/position/mongo_position.hpp"
#include "lib/position/mysql_position.hpp"
#include "lib/position/no_position.hpp"
#include "lib/position/postgres_position.hpp"
#include "lib/position/record_json.hpp"
#include "lib/position/snapshot_position.hpp"

namespace dts {

CodecRegistry::CodecRegistry(std::vector<std::unique_ptr<PositionCodec>> codecs)
    : codecs_(std::move(codecs)) {}

PositionPtr CodecRegistry::decode(std::string_view json) const {
    const auto type = record_type(json);
    const auto* codec = find(type);
    if (codec == nullptr) refuse_unknown(type);
    return codec->decode(json);
}

const PositionCodec* CodecRegistry::find(std::string_view type) const noexcept {
    for (const auto& codec : codecs_)
        if (codec->type() == type) return codec.get();
    return nullptr;
}

void CodecRegistry::refuse_unknown(std::string_view type) const {
    std::string known;
    for (const auto& codec : codecs_)
        known += fmt::format("{}{}", known.empty() ? "" : ", ", codec->type());
    throw Error(ErrorKind::checkpoint,
                fmt::format("a record of the unknown type \"{}\"; known are {}", type, known));
}

std::string record_type(std::string_view json) {
    auto parsed = parse_json(json);
    if (auto* members = std::get_if<JsonValue::Object>(&parsed.value))
        for (auto& member : *members)
            if (auto* type = std::get_if<std::string>(&member.value.value);
                type != nullptr && member.key == "type")
                return std::move(*type);
    throw Error(ErrorKind::checkpoint, "a record without a \"type\"");
}

CodecRegistry all_codecs() {
    std::vector<std::unique_ptr<PositionCodec>> codecs;
    codecs.push_back(mysql_codec());
    codecs.push_back(postgres_codec());
    codecs.push_back(mongo_codec());
    codecs.push_back(snapshot_codec());
    codecs.push_back(snapshot_finished_codec());
    codecs.push_back(no_position_codec());
    return CodecRegistry(std::move(codecs));
}

}  // namespace dts
