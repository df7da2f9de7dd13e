// How a source table's rows are written to a table of another kind of database: decides it column
// by column, before the first row, and refuses what has no rule.
#pragma once

#include <memory>

#include "lib/sink/table_binding.hpp"
#include "lib/sink/translation/row_translation.hpp"

namespace dts {

/// `binding` has its fields and keys. Throws Error{data} with a HINT: for a column that no rule
/// writes to its target column, and where the target would take two keys of the source for one.
std::shared_ptr<const RowTranslation> translate_table(const TableSchemaPtr& source,
                                                      const TableSchema& target,
                                                      const TableBinding& binding,
                                                      TranslationRules rules);

}  // namespace dts
