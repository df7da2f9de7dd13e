// MySQL's binary JSON to text, as the server itself would print it, so that the text reads back to
// the same document. Format: MySQL source documentation, json_binary.h. MariaDB stores JSON as text
// and needs nothing of this.
#pragma once

#include <string>

#include "lib/base/byte_reader.hpp"

namespace dts {

/// Appends the document's text to `out`. Throws Error{data} for bytes that are no document.
void append_json_text(Bytes document, std::string& out);

}  // namespace dts
