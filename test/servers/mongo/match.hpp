// Whether a document fulfils a query: equality, comparisons, $in, $exists, $regex, and, or, not;
// see the manual's page "Query and Projection Operators". What is not known is refused.
#pragma once

#include "test/servers/mongo/value.hpp"

namespace standin {

/// Throws Failure (BadValue) for an operator that is not known.
bool matches(const Value& filter, const Value& document);

/// {$gt: 1}: a document all of whose fields begin with a dollar sign.
bool is_operator_document(const Value& value);

/// A condition on one value, as $pull has it: an operator document, a query on a document, or a
/// value to be equal to.
bool value_fulfils(const Value& condition, const Value& value);

}  // namespace standin
