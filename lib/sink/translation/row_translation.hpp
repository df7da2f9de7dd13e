// The rows of one source table in the form of another kind of database: the same columns, each
// value as its ValueTranslation makes it. What follows - merging, encoding - knows nothing of it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lib/change/change_batch.hpp"
#include "lib/sink/translation/value_translation.hpp"

namespace dts {

class RowTranslation {
  public:
    /// By the source's ordinals: `columns` is nothing for one that is not written, `in_before` says
    /// which are asked of the row as it was; the others are absent there.
    RowTranslation(TableSchemaPtr source, std::vector<std::optional<ValueTranslation>> columns,
                   std::vector<bool> in_before)
        : source_(std::move(source)),
          columns_(std::move(columns)),
          in_before_(std::move(in_before)) {}

    /// The same change; its values live in the arena, and where the change's own do. Throws
    /// Error{data} that names table, row, column, both types and the value. One thread at a time.
    RowChange operator()(const RowChange& change, Arena& arena) const;

    /// The source table as its translated rows have it.
    TableSchemaPtr written() const;

  private:
    const Value* translate(const Value* row, bool is_before, Arena& arena) const;
    [[noreturn]] void throw_refused(const Value* row, std::size_t ordinal,
                                    const class Error& why) const;

    TableSchemaPtr source_;
    std::vector<std::optional<ValueTranslation>> columns_;
    std::vector<bool> in_before_;
};

}  // namespace dts
