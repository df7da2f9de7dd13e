#include "lib/sink/mysql_encoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/sink/enum_zero.hpp"

namespace dts {

namespace {

constexpr std::size_t most_statement_bytes = 1024 * 1024;
constexpr std::size_t packet_overhead_bytes = 64;
constexpr std::size_t most_enum_zeros = 10'000;  // of one statement: a server counts 65535 warnings

bool carries_all(const TableBinding& binding, const RowWrite& row) {
    const Value* image = row.after != nullptr ? row.after : row.before;
    return std::all_of(binding.fields.begin(), binding.fields.end(),
                       [&](const auto& field) { return image[field.source].is_carried(); });
}

bool is_insert(WriteKind kind) noexcept {
    return kind == WriteKind::insert || kind == WriteKind::upsert;
}

}  // namespace

void MysqlEncoder::encode(MysqlEncodedGroup& encoded, bool replace) {
    encoded.buffer.clear();
    encoded.statements.clear();
    for (std::size_t i = 0; i < encoded.group.writes.size(); ++i) encode_write(encoded, i, replace);
}

void MysqlEncoder::encode_write(MysqlEncodedGroup& encoded, std::size_t write, bool replace) {
    const TableWrite& w = encoded.group.writes[write];
    // Rows that do not carry every column name their columns one by one; what a bulk execution cuts
    // could not be counted.
    const bool bulk =
        in_bulk_ && !enum_zero::is_in(w) && BulkStatement::is_possible(*w.binding, w.kind) &&
        (w.kind == WriteKind::remove ||
         std::all_of(w.rows.begin(), w.rows.end(),
                     [&](const RowWrite& row) { return carries_all(*w.binding, row); }));
    if (bulk) {
        encode_bulk(encoded, write, replace);
    } else {
        encode_text(encoded, write, replace);
    }
}

sql_text::InsertForm MysqlEncoder::form_of(const TableWrite& write, bool replace) const noexcept {
    // REPLACE deletes and inserts, which foreign keys of other tables would notice.
    const auto form = sql_text::insert_form(
        *write.binding, replace || write.kind == WriteKind::upsert, options_.may_replace);
    const bool may_meet_another =
        may_repeat_ && !write.binding->keyless() && !write.binding->other_keys.empty();
    return form == sql_text::InsertForm::merge && may_meet_another ? sql_text::InsertForm::merge_own
                                                                   : form;
}

std::shared_ptr<const BulkStatement> MysqlEncoder::bulk_statement(const TableWrite& write,
                                                                  bool replace) {
    const sql_text::InsertForm form = form_of(write, replace);
    std::lock_guard lock(statements_mutex_);
    auto& statement = statements_[{write.binding.get(), write.kind, form}];
    if (statement) return statement;
    auto made = std::make_shared<const BulkStatement>(write.binding, write.kind, form);
    statement = made;
    // A binding that only its statements still hold belongs to a table that has changed since.
    std::erase_if(statements_, [](const auto& entry) { return entry.second->is_abandoned(); });
    return made;
}

void MysqlEncoder::encode_bulk(MysqlEncodedGroup& encoded, std::size_t write, bool replace) {
    const TableWrite& w = encoded.group.writes[write];
    const auto bulk = bulk_statement(w, replace);
    std::size_t row = 0;
    while (row < w.rows.size()) {
        MysqlStatement statement{bulk, encoded.buffer.size(), 0, write, row, row};
        bulk->append_head(encoded.buffer);
        const std::size_t last = std::min(row + options_.batch_rows, w.rows.size());
        while (row < last && encoded.buffer.size() - statement.begin < statement_bytes()) {
            bulk->append_row(encoded.buffer, w.rows[row++]);
        }
        finish(encoded, std::move(statement), row);
    }
}

void MysqlEncoder::encode_text(MysqlEncodedGroup& encoded, std::size_t write, bool replace) {
    const TableWrite& w = encoded.group.writes[write];
    const TableBinding& binding = *w.binding;
    const sql_text::InsertForm form = form_of(w, replace);
    std::string& out = encoded.buffer;
    std::size_t row = 0;
    while (row < w.rows.size()) {
        MysqlStatement statement{nullptr, out.size(), 0, write, row, row};
        const std::size_t last = std::min(row + options_.batch_rows, w.rows.size());
        const auto append_rows = [&](auto append_one) {
            for (bool first = true;
                 row < last && out.size() - statement.begin < statement_bytes() &&
                 statement.enum_zeros < most_enum_zeros;
                 first = false) {
                if (!first) out += ',';
                append_one(w.rows[row++]);
            }
        };
        if (is_insert(w.kind)) {
            sql_text::append_insert_head(out, binding, form);
            append_rows([&](const RowWrite& r) {
                sql_text::append_row(out, binding, r.after);
                statement.enum_zeros += enum_zero::count(binding, r.after);
            });
            sql_text::append_insert_tail(out, binding, form);
        } else if (w.kind == WriteKind::remove) {
            sql_text::append_remove_head(out, binding);
            out += '(';
            append_rows([&](const RowWrite& r) { sql_text::append_key(out, binding, r.before); });
            out += ')';
        } else {
            const RowWrite& r = w.rows[row++];
            sql_text::append_statement(out, binding, w.kind, r, form);
            if (r.after != nullptr) statement.enum_zeros = enum_zero::count(binding, r.after);
        }
        if (statement.enum_zeros != 0) {
            using enum_zero::Dialect;
            enum_zero::allow(out, statement.begin, is_mariadb_ ? Dialect::mariadb : Dialect::mysql);
        }
        finish(encoded, std::move(statement), row);
    }
}

void MysqlEncoder::finish(MysqlEncodedGroup& encoded, MysqlStatement statement,
                          std::size_t next_row) const {
    statement.end = encoded.buffer.size();
    statement.last_row = next_row - 1;
    check_size(encoded, statement);
    encoded.statements.push_back(std::move(statement));
}

std::size_t MysqlEncoder::statement_bytes() const noexcept {
    return std::min(most_statement_bytes, max_packet_bytes_ / 2);
}

/// The server would drop the connection without a word of explanation.
void MysqlEncoder::check_size(const MysqlEncodedGroup& encoded,
                              const MysqlStatement& statement) const {
    const std::size_t bytes = statement.end - statement.begin;
    if (bytes + packet_overhead_bytes <= max_packet_bytes_) return;
    throw Error(
        ErrorKind::data,
        fmt::format("{} need a statement of {} bytes, the target's max_allowed_packet is {}",
                    rows_text(encoded, statement), bytes, max_packet_bytes_),
        "SET GLOBAL max_allowed_packet=... on the target (at most 1 GiB)");
}

std::string rows_text(const MysqlEncodedGroup& encoded, const MysqlStatement& statement) {
    const TableWrite& write = encoded.group.writes[statement.write];
    const auto key = [&](std::size_t i) {
        const RowWrite& row = write.rows[i];
        return sql_text::describe_row(*write.binding, row.before ? row.before : row.after);
    };
    std::string rows = key(statement.first_row);
    if (statement.last_row != statement.first_row) rows += " ... " + key(statement.last_row);
    return fmt::format("target table {}, rows {}", write.binding->target->display_name(), rows);
}

}  // namespace dts
