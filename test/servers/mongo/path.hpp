// Dotted paths into documents, "a.b.0.c", as the manual's pages "Document" and "Query an Array of
// Embedded Documents" have them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "test/servers/mongo/value.hpp"

namespace standin {

std::vector<std::string> path_parts(std::string_view path);
/// "0", "17", not "01".
bool is_index(std::string_view part);

/// What updates write to and expressions read from: exactly one place. Null when it is not there.
const Value* value_at(const Value& document, const std::vector<std::string>& parts);

/// Sets it, and makes documents on the way where there is nothing. Throws std::runtime_error when a
/// value on the way is no document and no array.
void set_at(Value& document, const std::vector<std::string>& parts, Value value);
/// Removes the field; an array's element becomes null. Does nothing when there is none.
void unset_at(Value& document, const std::vector<std::string>& parts);

/// Each value that a query means by the path, through all elements of arrays on the way; once with
/// null where it is absent. Stops when the visitor says true, and says so.
bool any_value_at(const Value& document, const std::vector<std::string>& parts,
                  const std::function<bool(const Value*)>& visitor);

}  // namespace standin
