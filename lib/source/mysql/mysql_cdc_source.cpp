#include "lib/source/mysql/mysql_cdc_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lib/position/mysql_position.hpp"
#include "lib/source/mysql/binlog_inventory.hpp"
#include "lib/source/mysql/binlog_stream.hpp"
#include "lib/source/mysql/mysql_preflight.hpp"
#include "lib/source/mysql/open_questions.hpp"
#include "lib/source/mysql/transaction_decoder.hpp"

namespace dts {

namespace {

constexpr std::uint64_t first_event_offset = 4;

const MysqlPosition& as_mysql(const Position& position) {
    const auto* mysql = dynamic_cast<const MysqlPosition*>(&position);
    if (mysql == nullptr)
        throw Error(ErrorKind::checkpoint,
                    fmt::format("a position of type {} is not one in a binlog", position.type()));
    return *mysql;
}

/// Silence may last two heartbeats before it means that the server is gone.
std::chrono::seconds silence_timeout(const MysqlCdcOptions& options) {
    return std::max(options.binlog_timeout,
                    2 * options.binlog_heartbeat_interval + std::chrono::seconds{5});
}

MysqlEndpoint with_timeout(MysqlEndpoint endpoint, std::chrono::seconds timeout) {
    endpoint.read_timeout_secs = static_cast<unsigned>(timeout.count());
    return endpoint;
}

}  // namespace

struct MysqlCdcSource::Reader {
    explicit Reader(const MysqlCdcOptions& options)
        : endpoint(with_timeout(options.endpoint, silence_timeout(options))),
          catalog(endpoint, questions),
          tables(options.selector, catalog),
          decoder(tables, {options.batch_changes, options.batch_bytes}),
          stream({endpoint, silence_timeout(options), options.keepalive_idle}) {}

    MysqlEndpoint endpoint;
    OpenQuestions questions;
    MysqlCatalog catalog;
    TableRegistry tables;
    TransactionDecoder decoder;
    BinlogStream stream;
    DumpRequest request;
    std::uint64_t bytes_before = 0;      ///< of streams that were opened before this one
    std::uint64_t bytes_handed_out = 0;  ///< of all streams
    std::uint64_t batch_begin = 0;       ///< bytes read when the batch began

    AskedConnection ask() { return {endpoint, questions}; }
    std::uint64_t bytes_read() const noexcept { return bytes_before + stream.bytes_read(); }
    ChangeBatchPtr take();
    bool is_full(std::size_t batch_bytes) const noexcept;
    void accept(const BinlogEvent& event);
    void read_again(const TransactionAgain& again);
};

ChangeBatchPtr MysqlCdcSource::Reader::take() {
    auto batch = decoder.take();
    batch->source_bytes = bytes_read() - bytes_handed_out;
    bytes_handed_out += batch->source_bytes;
    return batch;
}

/// The batch keeps the memory of all packets that it has changes of; and traffic that is not
/// subscribed fills no batch, yet its position must move on.
bool MysqlCdcSource::Reader::is_full(std::size_t batch_bytes) const noexcept {
    return decoder.is_full() || (decoder.has_batch() && bytes_read() - batch_begin > batch_bytes);
}

void MysqlCdcSource::Reader::accept(const BinlogEvent& event) {
    if (!decoder.has_batch()) batch_begin = bytes_read();
    decoder.accept(event, stream.format(), stream.chunk());
    if (const auto again = decoder.take_again()) read_again(*again);
}

void MysqlCdcSource::Reader::read_again(const TransactionAgain& again) {
    bytes_before += stream.bytes_read();
    request.file = *again.begin.file;
    request.offset = again.begin.offset;
    if (again.executed) request.executed = *again.executed;
    request.by_gtid = again.executed && !again.executed->empty();
    stream.open(request);
}

MysqlCdcSource::MysqlCdcSource(MysqlCdcOptions options)
    : options_(std::move(options)), reader_(std::make_unique<Reader>(options_)) {}

MysqlCdcSource::~MysqlCdcSource() = default;

void MysqlCdcSource::preflight() {
    auto connection = reader_->ask();
    check_binlog_source(connection,
                        {options_.server_id, options_.client_name, options_.gtid_enabled});
    notes_ = binlog_source_notes(connection, options_.selector);
}

std::string MysqlCdcSource::identity() {
    auto connection = reader_->ask();
    return server_identity(connection);
}

PositionPtr MysqlCdcSource::current_end() {
    auto connection = reader_->ask();
    return std::make_shared<MysqlPosition>(binlog_end(connection, options_.gtid_enabled));
}

PositionPtr MysqlCdcSource::configured_start() {
    auto position = std::make_shared<MysqlPosition>();
    if (options_.gtid_enabled && !options_.gtid_set.empty()) {
        position->gtid_set = GtidSet::parse(options_.gtid_set).text();
        return position;
    }
    if (options_.binlog_filename.empty()) return nullptr;
    position->binlog_filename = options_.binlog_filename;
    position->next_event_position = std::max(options_.binlog_position, first_event_offset);
    if (options_.gtid_enabled) {
        auto connection = reader_->ask();
        position->gtid_set =
            gtid_set_at(connection, position->binlog_filename, position->next_event_position)
                .text();
    }
    return position;
}

Holding MysqlCdcSource::holds(const Position& position) {
    auto connection = reader_->ask();
    return holds_position(connection, as_mysql(position));
}

std::string MysqlCdcSource::start_line(const Position& position) const {
    const MysqlPosition& start = as_mysql(position);
    return fmt::format(
        "MysqlCdcExtractor starts, binlog_filename: {}, binlog_position: {}, gtid_enabled: {}, "
        "gtid_set: {}, heartbeat_interval_secs: {}, heartbeat_tb: {}",
        start.binlog_filename, start.next_event_position, options_.gtid_enabled, start.gtid_set,
        options_.heartbeat_interval_secs, options_.heartbeat_tb);
}

void MysqlCdcSource::open(const PositionPtr& position) {
    const MysqlPosition& start = as_mysql(*position);
    const FilePlace place{std::make_shared<const std::string>(start.binlog_filename),
                          start.next_event_position};
    DumpRequest& request = reader_->request;
    request = {};
    request.server_id = options_.server_id;
    request.client_name = options_.client_name;
    request.heartbeat = options_.binlog_heartbeat_interval;
    request.file = start.binlog_filename;
    request.offset = std::max(start.next_event_position, first_event_offset);
    std::shared_ptr<const GtidSet> executed;
    if (options_.gtid_enabled || !start.gtid_set.empty()) {
        // A position without a set (recorded before GTIDs were switched on) is completed.
        GtidSet set = GtidSet::parse(start.gtid_set);
        if (set.empty() && !start.binlog_filename.empty()) {
            auto connection = reader_->ask();
            set = gtid_set_at(connection, start.binlog_filename, request.offset);
        }
        request.by_gtid = !set.empty() || start.binlog_filename.empty();
        request.executed = set;
        executed = std::make_shared<const GtidSet>(std::move(set));
    }
    reader_->decoder.start(place, std::move(executed), start.timestamp_ms * 1000);
    reader_->bytes_before = reader_->bytes_handed_out = 0;
    pending_error_ = nullptr;
    reader_->stream.open(request);
}

ChangeBatchPtr MysqlCdcSource::next() {
    BinlogStream& stream = reader_->stream;
    TransactionDecoder& decoder = reader_->decoder;
    if (pending_error_) std::rethrow_exception(std::exchange(pending_error_, nullptr));
    try {
        while (!interrupted_) {
            const Wait wait = !decoder.has_batch()       ? Wait::fully
                              : decoder.in_transaction() ? Wait::briefly
                                                         : Wait::none;
            const auto event = stream.next(wait);
            if (!event) return reader_->take();
            reader_->accept(*event);
            if (reader_->is_full(options_.batch_bytes)) return reader_->take();
        }
    } catch (const Error&) {
        if (interrupted_) return nullptr;
        // What was committed before it is whole, and the operator may want to start behind it.
        if (!decoder.has_commit()) throw;
        pending_error_ = std::current_exception();
        decoder.drop_unfinished();
        return reader_->take();
    }
    return nullptr;
}

bool MysqlCdcSource::is_caught_up() const noexcept {
    return reader_->stream.is_idle();
}

void MysqlCdcSource::acknowledge(const Position&) {}  // the server keeps binlogs by its own rules

void MysqlCdcSource::interrupt() noexcept {
    interrupted_ = true;
    reader_->questions.interrupt();
    reader_->stream.interrupt();
}

}  // namespace dts
