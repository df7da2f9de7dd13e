// libbson's documents, owned. Not unique_ptr: bson_t carries an attribute that templates drop, and
// the compiler says so each time.
#pragma once

#include <bson/bson.h>

#include <string_view>

#include "lib/base/error.hpp"

namespace dts {

/// A document that libbson has allocated, or that stands in a variable of the caller's.
class BsonHandle {
  public:
    explicit BsonHandle(bson_t* document) noexcept : document_(document) {}
    BsonHandle(const BsonHandle&) = delete;
    BsonHandle& operator=(const BsonHandle&) = delete;
    ~BsonHandle() {
        if (document_ != nullptr) bson_destroy(document_);
    }
    bson_t* get() const noexcept { return document_; }
    explicit operator bool() const noexcept { return document_ != nullptr; }

  private:
    bson_t* document_;
};

/// A view that libbson reads; the bytes must outlive it.
inline bson_t borrowed_bson(std::string_view bytes) {
    bson_t document;
    if (!bson_init_static(&document, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          bytes.size()))
        throw Error(ErrorKind::data, "bytes that are no BSON document");
    return document;
}

inline std::string_view bytes_of(const bson_t* document) noexcept {
    return {reinterpret_cast<const char*>(bson_get_data(document)), document->len};
}

}  // namespace dts
