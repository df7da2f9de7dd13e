// Turns the JSON of a record back into a Position (Position::to_json is the way out). A codec is
// found by the record's "type" in a registry whose codecs are listed by whoever builds it. All
// immutable once built: any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/position/position.hpp"

namespace dts {

class PositionCodec {
  public:
    virtual ~PositionCodec() = default;

    /// The "type" this codec reads.
    virtual std::string_view type() const noexcept = 0;

    /// The JSON object of a record, from "{" to "}". Throws Error{checkpoint} on anything but a
    /// record that is whole: missing, doubled or unknown keys, values out of range.
    virtual PositionPtr decode(std::string_view json) const = 0;
};

class CodecRegistry {
  public:
    explicit CodecRegistry(std::vector<std::unique_ptr<PositionCodec>> codecs);

    /// Throws Error{checkpoint}: damaged (see PositionCodec::decode), or of a type that is not
    /// known; that message names the known ones.
    PositionPtr decode(std::string_view json) const;

    /// The codec of a type; nullptr where none is known.
    const PositionCodec* find(std::string_view type) const noexcept;

    /// The error for a record of a type that has no codec here.
    [[noreturn]] void refuse_unknown(std::string_view type) const;

  private:
    std::vector<std::unique_ptr<PositionCodec>> codecs_;
};

/// The "type" of a record. Throws Error{checkpoint} when it is damaged or has none.
std::string record_type(std::string_view json);

/// A registry of every codec there is.
CodecRegistry all_codecs();

}  // namespace dts
