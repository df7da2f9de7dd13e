// A value as bytes that compare as MongoDB compares values: all numeric types by what they are
// worth, types in the order of the manual's page "BSON Types / Comparison and Sort Order".
// Decimals are compared with the precision of long double; there are no collations.
#pragma once

#include <string>

#include "test/servers/mongo/value.hpp"

namespace standin {

/// Two values are equal exactly when their keys are.
std::string key_of(const Value& value);

/// Of values of the same place in that order (numbers, texts, …); others cannot be compared by $gt.
bool comparable(const Value& left, const Value& right);

}  // namespace standin
