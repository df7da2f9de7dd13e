#include "lib/sink/file_dialect.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/sink/enum_zero.hpp"
#include "lib/sink/postgres_insert.hpp"
#include "lib/sink/postgres_text.hpp"
#include "lib/sink/sql_text.hpp"

namespace dts {

namespace {

class MysqlFileDialect final : public FileDialect {
  public:
    /// Times in UTC, dates and zeros as the source had them.
    std::string_view session_settings() const noexcept override {
        return "SET time_zone='+00:00', "
               "sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,"
               "NO_ENGINE_SUBSTITUTION', NAMES utf8mb4;\n";
    }

    void append(std::string& out, const TableBinding& binding, WriteKind kind, const RowWrite& row,
                bool overwrites) const override {
        const std::size_t begin = out.size();
        sql_text::append_statement(out, binding, kind, row,
                                   sql_text::insert_form(binding, overwrites, true));
        if (row.after != nullptr && enum_zero::count(binding, row.after) != 0) {
            enum_zero::allow(out, begin, enum_zero::Dialect::both);
        }
        out += ';';
    }
};

class PostgresFileDialect final : public FileDialect {
  public:
    /// Values are texts as the source's server printed them for a session like this one.
    std::string_view session_settings() const noexcept override {
        return "SET client_encoding='UTF8'; SET standard_conforming_strings=on; SET "
               "search_path=''; "
               "SET DateStyle='ISO'; SET IntervalStyle='postgres'; SET TimeZone='UTC'; SET "
               "extra_float_digits=3; SET bytea_output='hex'; SET lc_monetary='C'; SET "
               "xmloption='content';\n";
    }

    void append(std::string& out, const TableBinding& binding, WriteKind kind, const RowWrite& row,
                bool overwrites) const override {
        switch (kind) {
            case WriteKind::insert:
            case WriteKind::upsert:
                return postgres_text::append_insert(out, binding, &row, 1, overwrites);
            case WriteKind::update:
                return postgres_text::append_update(out, binding, row);
            case WriteKind::remove:
                return postgres_text::append_delete(out, binding, binding.key, &row, 1);
            case WriteKind::update_exact:
            case WriteKind::remove_exact:
                return postgres_text::append_exact(out, binding, kind, row);
            case WriteKind::truncate:
            case WriteKind::definition:
                break;
        }
        throw Error(ErrorKind::bug, "a statement that a file of rows does not take");
    }

    void require_undoable(const TableBinding& binding, const Value* before) const override {
        for (const auto& field : binding.fields) {
            if (before[field.source].is_carried()) continue;
            throw Error(
                ErrorKind::data,
                fmt::format("a change of source table {} can not be undone: its replica "
                            "identity does not hold column \"{}\" as it was",
                            binding.source->display_name(), binding.source_column(field).name),
                "ALTER TABLE ... REPLICA IDENTITY FULL at the source, and start behind "
                "this change");
        }
    }
};

}  // namespace

void FileDialect::require_undoable(const TableBinding&, const Value*) const {}

std::unique_ptr<FileDialect> mysql_file_dialect() {
    return std::make_unique<MysqlFileDialect>();
}

std::unique_ptr<FileDialect> postgres_file_dialect() {
    return std::make_unique<PostgresFileDialect>();
}

}  // namespace dts
