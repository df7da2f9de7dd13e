// Reads a server's binlog from a position to its end as of now, and says how fast: `--raw` receives
// the packets through the client library and nothing else, without it they are decoded to rows.
// `--print` writes every change as text, for a look or a comparison with SELECT.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <compare>
#include <cstdio>

#include "lib/position/mysql_position.hpp"
#include "lib/source/mysql/binlog_event.hpp"
#include "lib/source/mysql/binlog_inventory.hpp"
#include "lib/source/mysql/dump_request.hpp"
#include "lib/source/mysql/mysql_cdc_source.hpp"

using namespace dts;

namespace {

struct Figures {
    std::uint64_t rows = 0;
    std::uint64_t transactions = 0;
    std::uint64_t batches = 0;
    std::uint64_t bytes = 0;
};

std::string value_text(const Column& column, const Value& value) {
    switch (value.kind()) {
        case ValueKind::absent:
            return "(absent)";
        case ValueKind::unchanged:
            return "(unchanged)";
        case ValueKind::null:
            return "NULL";
        case ValueKind::int64:
            return fmt::format("{}", value.as_int64());
        case ValueKind::uint64:
            return fmt::format("{}", value.as_uint64());
        case ValueKind::float32:
            return fmt::format("{}", static_cast<float>(value.as_double()));
        case ValueKind::float64:
            return fmt::format("{}", value.as_double());
        case ValueKind::decimal:
        case ValueKind::text:
        case ValueKind::json:
            return std::string(value.as_view());
        case ValueKind::bytes: {
            std::string hex;
            for (const char c : value.as_view())
                hex += fmt::format("{:02X}", static_cast<unsigned char>(c));
            return hex;
        }
        case ValueKind::date: {
            const auto t = value.as_civil();
            return fmt::format("{:04}-{:02}-{:02}", t.year, t.month, t.day);
        }
        case ValueKind::datetime: {
            const auto t = value.as_civil();
            auto text = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.year, t.month, t.day,
                                    t.hour, t.minute, t.second);
            if (column.scale > 0)
                text += fmt::format(".{:06}", t.microsecond).substr(0, column.scale + 1u);
            return text;
        }
        case ValueKind::time: {
            const auto size = value.as_int64() < 0 ? -value.as_int64() : value.as_int64();
            auto text =
                fmt::format("{}{:02}:{:02}:{:02}", value.as_int64() < 0 ? "-" : "",
                            size / 3'600'000'000, size / 60'000'000 % 60, size / 1'000'000 % 60);
            if (column.scale > 0)
                text += fmt::format(".{:06}", size % 1'000'000).substr(0, column.scale + 1u);
            return text;
        }
        case ValueKind::timestamp:
            return fmt::format("{}.{:06}", value.as_int64() / 1'000'000,
                               value.as_int64() % 1'000'000);
    }
    return "?";
}

void print_row(const TableSchema& table, const char* what, const Value* values) {
    if (values == nullptr) return;
    fmt::print("{}\t{}", table.table, what);
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        fmt::print("\t{}", value_text(table.columns[i], values[i]));
    fmt::print("\n");
}

void print_batch(const ChangeBatch& batch) {
    std::size_t change = 0;
    for (std::size_t mark = 0; mark <= batch.commits.size(); ++mark) {
        const bool last = mark == batch.commits.size();
        const std::size_t end = last ? batch.changes.size() : batch.commits[mark].change_end;
        for (; change < end; ++change) {
            const RowChange& c = batch.changes[change];
            print_row(*c.table, c.kind == ChangeKind::insert ? "" : "before", c.before);
            print_row(*c.table, c.kind == ChangeKind::insert ? "insert" : "after", c.after);
        }
        if (!last) fmt::print("commit\t{}\n", batch.trail->after_commit(mark)->to_json());
    }
}

Figures read_raw(const MysqlEndpoint& endpoint, DumpRequest request, const MysqlPosition& end) {
    MysqlConnection connection(endpoint);
    request_dump(connection, request);
    Figures figures;
    std::string file = request.file;
    while (true) {
        const unsigned long length = mysql_net_read_packet(connection.handle());
        if (length == packet_error || length < EventHeader::bytes + 1)
            throw connection.error("while reading the binlog");
        figures.bytes += length;
        const auto* packet = reinterpret_cast<const std::byte*>(connection.handle()->net.read_pos);
        const Bytes event(packet + 1, length - 1);
        const EventHeader header = parse_event_header(event);
        if (header.type == EventType::rotate) {
            const auto rotate = parse_rotate(event.subspan(EventHeader::bytes));
            file = rotate.file.substr(0, end.binlog_filename.size());
        }
        if (header.type == EventType::xid) ++figures.transactions;
        if (file == end.binlog_filename && header.next_position >= end.next_event_position) break;
    }
    return figures;
}

Figures read_decoded(MysqlCdcSource& source, const PositionPtr& start, const MysqlPosition& end,
                     bool print) {
    source.open(start);
    Figures figures;
    while (const auto batch = source.next()) {
        ++figures.batches;
        figures.rows += batch->changes.size();
        figures.transactions += batch->commits.size();
        figures.bytes += batch->source_bytes;
        if (print) print_batch(*batch);
        if (batch->commits.empty()) continue;
        const auto reached = batch->trail->after_commit(batch->commits.size() - 1)->compare(end);
        if (std::is_gteq(reached)) break;
    }
    return figures;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("reads a binlog and measures");
    MysqlCdcOptions options;
    options.endpoint.host = "127.0.0.1";
    options.endpoint.username = "root";
    options.server_id = 4242;
    options.binlog_position = 4;
    std::string tables;
    bool raw = false;
    bool print = false;
    bool tls = false;
    app.add_option("--host", options.endpoint.host);
    app.add_option("--port", options.endpoint.port)->required();
    app.add_option("--user", options.endpoint.username);
    app.add_option("--password", options.endpoint.password);
    app.add_option("--server-id", options.server_id);
    app.add_option("--file", options.binlog_filename);
    app.add_option("--pos", options.binlog_position);
    app.add_flag("--gtid", options.gtid_enabled);
    app.add_option("--gtid-set", options.gtid_set);
    app.add_option("--table", tables, "only the tables of this name");
    app.add_flag("--tls", tls);
    app.add_flag("--raw", raw);
    app.add_flag("--print", print);
    CLI11_PARSE(app, argc, argv);

    try {
        if (tls) options.endpoint.ssl_mode = SslMode::require;
        options.selector = [tables](std::string_view schema, std::string_view table) {
            return schema != "mysql" && (tables.empty() || table == tables);
        };
        MysqlCdcSource source(options);
        source.preflight();
        MysqlConnection connection(options.endpoint);
        const MysqlPosition end = binlog_end(connection, options.gtid_enabled);
        const PositionPtr start = source.configured_start();
        if (!start) throw Error(ErrorKind::config, "--file or --gtid-set is needed");
        const Holding holding = source.holds(*start);
        fmt::print(stderr, "{}\n{}\nthe source holds it: {}, {}\n", source.identity(),
                   source.start_line(*start), holding.held ? "yes" : "no", holding.detail);

        const auto began = std::chrono::steady_clock::now();
        Figures figures;
        if (raw) {
            DumpRequest request;
            request.server_id = options.server_id;
            request.client_name = options.client_name;
            request.heartbeat = std::chrono::seconds(10);
            request.file = options.binlog_filename;
            request.offset = options.binlog_position;
            figures = read_raw(options.endpoint, request, end);
        } else {
            figures = read_decoded(source, start, end, print);
        }
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        fmt::print(stderr,
                   "{} rows, {} transactions, {} batches, {} bytes in {:.3f} s: "
                   "{:.0f} rows/s, {:.0f} transactions/s, {:.1f} MB/s\n",
                   figures.rows, figures.transactions, figures.batches, figures.bytes, seconds,
                   static_cast<double>(figures.rows) / seconds,
                   static_cast<double>(figures.transactions) / seconds,
                   static_cast<double>(figures.bytes) / seconds / 1e6);
        return 0;
    } catch (const Error& error) {
        fmt::print(stderr, "{}: {}\n", name_of(error.kind()), error.what());
        return exit_code_of(error.kind());
    }
}
