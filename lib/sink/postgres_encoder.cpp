#include "lib/sink/postgres_encoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "lib/client/postgres_client.hpp"
#include "lib/sink/postgres_insert.hpp"

namespace dts {

namespace {

constexpr std::size_t most_statement_bytes = 1024 * 1024;
constexpr std::size_t most_array_row_bytes = 4 * 1024;

/// What a PostgresSession tells the planner is for rows that are found by keys. A definition
/// statement may read whole tables.
constexpr std::string_view planned_as_configured =
    "SET LOCAL enable_seqscan TO DEFAULT;SET LOCAL enable_hashjoin TO DEFAULT;"
    "SET LOCAL enable_mergejoin TO DEFAULT;";

/// The key's bytes, to tell whether a row comes twice.
std::string key_bytes(const std::vector<std::uint16_t>& key, const Value* row) {
    std::string bytes;
    for (const std::uint16_t ordinal : key) {
        const auto text = row[ordinal].as_view();
        bytes += fmt::format("{}:", text.size());
        bytes += text;
    }
    return bytes;
}

/// Tables that reference each other can only be truncated together, so what follows each other is
/// one statement. Returns the write behind them.
std::size_t encode_truncates(PostgresEncodedGroup& encoded, std::size_t write) {
    const auto& writes = encoded.group.writes;
    PostgresStatement statement;
    statement.begin = encoded.buffer.size();
    statement.write = write;
    std::string_view separator = "TRUNCATE ";
    for (; write < writes.size() && writes[write].kind == WriteKind::truncate; ++write) {
        const TableSchema& target = *writes[write].binding->target;
        encoded.buffer += separator;
        // The source names the tables that inherit from it one by one.
        if (!target.is_partitioned) encoded.buffer += "ONLY ";
        encoded.buffer += postgres::quote_table(target.schema, target.table);
        separator = ", ";
    }
    encoded.buffer += ';';
    statement.end = encoded.buffer.size();
    encoded.statements.push_back(std::move(statement));
    return write;
}

/// What is deferred is checked before a table is emptied or altered, as the source did: the server
/// refuses to do so with checks pending.
void encode_checks(PostgresEncodedGroup& encoded, std::size_t write) {
    PostgresStatement statement;
    statement.begin = encoded.buffer.size();
    statement.write = write;
    encoded.buffer += "SET CONSTRAINTS ALL IMMEDIATE;";
    statement.end = encoded.buffer.size();
    encoded.statements.push_back(std::move(statement));
}

/// In a session like that which wrote it, for as long as it takes. Its text may end in a comment.
void encode_definition(PostgresEncodedGroup& encoded, std::size_t write) {
    const Definition& definition = *encoded.group.writes[write].definition;
    const auto add = [&](PostgresStatement::Kind kind, auto append) {
        PostgresStatement statement;
        statement.kind = kind;
        statement.begin = encoded.buffer.size();
        statement.write = write;
        append(encoded.buffer);
        statement.end = encoded.buffer.size();
        if (statement.end > statement.begin) encoded.statements.push_back(std::move(statement));
    };
    add(PostgresStatement::Kind::statements, [&](std::string& out) {
        out += planned_as_configured;
        for (const auto& [name, value] : definition.settings) {
            out += fmt::format("SELECT pg_catalog.set_config({}, {}, true);",
                               postgres::quote_literal(name), postgres::quote_literal(value));
        }
    });
    add(PostgresStatement::Kind::definition,
        [&](std::string& out) { out += definition.sql + "\n;"; });
    add(PostgresStatement::Kind::statements, [&](std::string& out) {
        for (const auto& [name, value] : definition.settings)
            out += fmt::format("SET LOCAL {} TO DEFAULT;", postgres::quote_identifier(name));
    });
}

}  // namespace

/// Of one write of a group.
class PostgresEncoder::Writer {
  public:
    Writer(PostgresEncodedGroup& encoded, std::size_t write, const Options& options)
        : encoded_(encoded),
          write_(encoded.group.writes[write]),
          index_(write),
          options_(options),
          out_(encoded.buffer) {}

    void encode(bool replace) {
        const std::size_t rows = write_.rows.size();
        defer_keys();
        switch (write_.kind) {
            case WriteKind::insert:
                insert(replace);
                break;
            case WriteKind::upsert:
                upsert(replace);
                break;
            case WriteKind::remove:
                remove(binding().key, 0, rows);
                break;
            case WriteKind::update:
                one_by_one([&](const RowWrite& row) {
                    postgres_text::append_update(out_, binding(), row);
                });
                break;
            case WriteKind::update_exact:
            case WriteKind::remove_exact:
                one_by_one([&](const RowWrite& row) {
                    postgres_text::append_exact(out_, binding(), write_.kind, row);
                });
                break;
            case WriteKind::truncate:
            case WriteKind::definition:
                break;  // see encode_truncates(), encode_definition()
        }
    }

  private:
    const TableBinding& binding() const { return *write_.binding; }

    bool has_deferrable_key() const {
        const auto& keys = binding().target->unique_keys;
        return std::any_of(keys.begin(), keys.end(),
                           [](const auto& key) { return key.deferrable; });
    }

    /// Rows in order may meet as they did at the source, until the transaction ends. A session that
    /// replicates does not check such keys at all.
    void defer_keys() {
        if (options_.may_delete || !has_deferrable_key()) return;
        auto deferral = statement();
        out_ += "SET CONSTRAINTS ALL DEFERRED;";
        finish(std::move(deferral), 0, 1);
    }

    /// Rows [first, last) in pieces of a size that suits one statement.
    template <typename Append>
    void in_pieces(std::size_t first, std::size_t last, Append append) {
        while (first < last) {
            const std::size_t next = std::min(first + options_.batch_rows, last);
            append(first, next);
            first = next;
        }
    }

    void finish(PostgresStatement statement, std::size_t first, std::size_t last) {
        statement.end = out_.size();
        statement.write = index_;
        statement.first_row = first;
        statement.last_row = last - 1;
        encoded_.statements.push_back(std::move(statement));
    }

    PostgresStatement statement() const {
        PostgresStatement result;
        result.begin = out_.size();
        return result;
    }

    void remove(const std::vector<std::uint16_t>& key, std::size_t first, std::size_t last) {
        in_pieces(first, last, [&](std::size_t from, std::size_t to) {
            auto deletion = statement();
            postgres_text::append_delete(out_, binding(), key, &write_.rows[from], to - from);
            finish(std::move(deletion), from, to);
        });
    }

    /// A COPY has to be agreed upon before its lines are sent, which takes the way there and back:
    /// a few rows are with the target sooner in a statement.
    void copy(std::size_t first, std::size_t last) {
        if (options_.may_delete && !binding().target->has_rules &&
            last - first <= options_.few_rows && !has_large_row(first, last)) {
            auto insertion = statement();
            insertion.must_match = true;
            postgres_text::append_insert(out_, binding(), &write_.rows[first], last - first, false);
            finish(std::move(insertion), first, last);
            return;
        }
        auto lines = statement();
        lines.kind = PostgresStatement::Kind::copy;
        postgres_text::append_copy(lines.command, binding());
        for (std::size_t i = first; i < last; ++i) {
            postgres_text::append_copy_line(out_, binding(), write_.rows[i].after);
        }
        finish(std::move(lines), first, last);
    }

    void insert(bool replace) {
        const std::size_t rows = write_.rows.size();
        if (!replace || !binding().has_any_unique_key) {
            // Of a key that it does not check a replicating session would make two.
            if (options_.may_delete && has_deferrable_key() && !binding().keyless())
                remove(binding().key, 0, rows);
            copy(0, rows);
            return;
        }
        if (options_.may_delete) {
            if (!binding().keyless()) remove(binding().key, 0, rows);
            remove_by_other_keys(0, rows);
            copy(0, rows);
            return;
        }
        in_pieces(0, rows, [&](std::size_t from, std::size_t to) {
            auto insertion = statement();
            postgres_text::append_insert(out_, binding(), &write_.rows[from], to - from, true);
            finish(std::move(insertion), from, to);
        });
    }

    /// What another unique key would meet: rows of a target that is not as the source was here,
    /// such as one that what follows has been applied to before. What follows writes them again.
    void remove_by_other_keys(std::size_t first, std::size_t last) {
        for (const auto& key : binding().target->unique_keys) remove_by(key, first, last);
    }

    /// Keys over expressions, or parts of the table, are left to the server. Under a deferrable one
    /// another row may stand until what follows moves it on.
    void remove_by(const UniqueKey& key, std::size_t first, std::size_t last) {
        if (key.partial || key.deferrable) return;
        std::vector<std::uint16_t> ordinals;
        for (const std::uint16_t target : key.columns) {
            const auto field = std::find_if(binding().fields.begin(), binding().fields.end(),
                                            [&](const auto& f) { return f.target == target; });
            if (field == binding().fields.end()) return;
            ordinals.push_back(field->source);
        }
        if (ordinals != binding().key) remove(ordinals, first, last);
    }

    /// A row that comes twice keeps its order.
    void upsert(bool replace) {
        const bool in_place = !replace && postgres_text::can_overwrite(binding());
        std::size_t first = 0;
        while (first < write_.rows.size()) {
            const std::size_t last = write_.distinct ? write_.rows.size() : end_of_distinct(first);
            if (in_place && !has_large_row(first, last)) {
                overwrite(first, last);
            } else {
                delete_and_copy(first, last, replace);
            }
            first = last;
        }
    }

    /// All old rows go before a new one comes, so that none can stand in another's way.
    void delete_and_copy(std::size_t first, std::size_t last, bool replace) {
        remove(binding().key, first, last);
        if (replace) remove_by_other_keys(first, last);
        copy(first, last);
    }

    /// Indexes whose columns stay as they are need no new entry where the page has room for the new
    /// row, and there is less to log.
    void overwrite(std::size_t first, std::size_t last) {
        in_pieces(first, last, [&](std::size_t from, std::size_t to) {
            auto rows = statement();
            postgres_text::append_overwrite(out_, binding(), &write_.rows[from], to - from);
            finish(std::move(rows), from, to);
        });
    }

    /// The server holds the arrays of a statement several times; the lines of a COPY it does not.
    bool has_large_row(std::size_t first, std::size_t last) const {
        return std::any_of(&write_.rows[first], &write_.rows[first] + (last - first),
                           [&](const RowWrite& row) {
                               std::size_t bytes = 0;
                               for (const auto& field : binding().fields) {
                                   const Value& value = row.after[field.source];
                                   if (!value.is_null()) bytes += value.as_view().size();
                               }
                               return bytes > most_array_row_bytes;
                           });
    }

    std::size_t end_of_distinct(std::size_t first) const {
        std::unordered_set<std::string> seen;
        std::size_t last = first;
        while (last < write_.rows.size() &&
               seen.insert(key_bytes(binding().key, write_.rows[last].after)).second) {
            ++last;
        }
        return last;
    }

    template <typename Append>
    void one_by_one(Append append) {
        std::size_t row = 0;
        while (row < write_.rows.size()) {
            const std::size_t first = row;
            auto updates = statement();
            updates.must_match = true;
            const std::size_t last = std::min(first + options_.batch_rows, write_.rows.size());
            while (row < last && out_.size() - updates.begin < most_statement_bytes) {
                append(write_.rows[row++]);
            }
            finish(std::move(updates), first, row);
        }
    }

    PostgresEncodedGroup& encoded_;
    const TableWrite& write_;
    std::size_t index_;
    const Options& options_;
    std::string& out_;
};

void PostgresEncoder::encode(PostgresEncodedGroup& encoded, bool replace) const {
    encoded.buffer.clear();
    encoded.statements.clear();
    const auto& writes = encoded.group.writes;
    for (std::size_t i = 0; i < writes.size();) {
        const bool is_of_table =
            writes[i].kind == WriteKind::truncate || writes[i].kind == WriteKind::definition;
        if (is_of_table && !options_.may_delete) encode_checks(encoded, i);
        if (writes[i].kind == WriteKind::truncate) {
            i = encode_truncates(encoded, i);
        } else if (writes[i].kind == WriteKind::definition) {
            encode_definition(encoded, i++);
        } else {
            Writer(encoded, i++, options_).encode(replace);
        }
    }
}

std::string rows_text(const PostgresEncodedGroup& encoded, const PostgresStatement& statement) {
    const TableWrite& write = encoded.group.writes[statement.write];
    if (write.kind == WriteKind::definition) return write.definition->about;
    if (write.kind == WriteKind::truncate)
        return fmt::format("target table {}, TRUNCATE", write.binding->target->display_name());
    const auto key = [&](std::size_t i) {
        const RowWrite& row = write.rows[i];
        return postgres_text::describe_row(*write.binding, row.before ? row.before : row.after);
    };
    std::string rows = key(statement.first_row);
    if (statement.last_row != statement.first_row) rows += " ... " + key(statement.last_row);
    return fmt::format("target table {}, rows {}", write.binding->target->display_name(), rows);
}

}  // namespace dts
