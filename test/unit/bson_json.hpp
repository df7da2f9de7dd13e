// BSON written as Extended JSON in tests, and the cases of test/data/mongo.
#pragma once

#include <bson/bson.h>
#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "lib/client/bson_bytes.hpp"
#include "lib/client/bson_handle.hpp"

namespace dts::test {

inline std::string bson(std::string_view json) {
    bson_error_t error;
    const BsonHandle document(bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()),
                                                 static_cast<ssize_t>(json.size()), &error));
    INFO(json);
    REQUIRE(document);
    return std::string(bytes_of(document.get()));
}

/// Canonical Extended JSON: equal texts are equal documents, types included, where all is UTF-8.
inline std::string json_of(std::string_view document) {
    const bson_t view = borrowed_bson(document);
    char* const text = bson_as_canonical_extended_json(&view, nullptr);
    std::string result = text != nullptr ? text : "not printable";
    bson_free(text);
    return result;
}

inline std::string document_in(std::string_view document, std::string_view name) {
    const auto field = find_element(document, name);
    return field && (field->is_document() || field->is_array()) ? std::string(field->as_document())
                                                                : std::string();
}

inline std::string text_in(std::string_view document, std::string_view name) {
    const auto field = find_element(document, name);
    return field && field->type == BsonType::text ? std::string(field->as_text()) : std::string();
}

/// The elements of an array of documents.
inline std::vector<std::string> documents_of(std::string_view array) {
    std::vector<std::string> documents;
    if (array.empty()) return documents;
    BsonReader reader(array);
    while (const auto element = reader.next()) documents.emplace_back(element->as_document());
    return documents;
}

/// The cases of a file of test/data/mongo.
inline std::vector<std::string> mongo_cases(const std::string& file) {
    std::ifstream in("test/data/mongo/" + file);
    REQUIRE(in);
    std::ostringstream text;
    text << in.rdbuf();
    return documents_of(document_in(bson(text.str()), "cases"));
}

}  // namespace dts::test
