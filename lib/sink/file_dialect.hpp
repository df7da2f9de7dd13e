// What differs between the kinds of SQL that a file of statements may be written in. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lib/sink/write_group.hpp"

namespace dts {

class FileDialect {
  public:
    virtual ~FileDialect() = default;

    /// What the statements are written for, whoever executes them: one line, with its end. It
    /// stands in front of each transaction, so that any part of the file can be executed.
    virtual std::string_view session_settings() const noexcept = 0;

    /// One statement that does this write to one row, in one line, without its end. `overwrites`:
    /// an insert takes the place of a row that is there.
    virtual void append(std::string& out, const TableBinding& binding, WriteKind kind,
                        const RowWrite& row, bool overwrites) const = 0;

    /// Throws Error{data} where this image does not hold what undoing its change would write.
    virtual void require_undoable(const TableBinding&, const Value* before) const;
};

/// For MySQL and MariaDB alike.
std::unique_ptr<FileDialect> mysql_file_dialect();
/// For psql.
std::unique_ptr<FileDialect> postgres_file_dialect();

}  // namespace dts
