#include "lib/source/postgres/postgres_cdc_source.hpp"

#include <fmt/format.h>

#include "lib/base/activity.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/client/postgres_address.hpp"
#include "lib/position/postgres_position.hpp"
#include "lib/source/postgres/pgoutput_decoder.hpp"
#include "lib/source/postgres/replication_stream.hpp"
#include "lib/source/postgres/slot_inventory.hpp"
#include "lib/source/postgres/subtransactions.hpp"
#include "lib/source/postgres/timeline.hpp"

namespace dts {

namespace {

const PostgresPosition& as_postgres(const Position& position) {
    const auto* postgres = dynamic_cast<const PostgresPosition*>(&position);
    if (postgres == nullptr)
        throw Error(
            ErrorKind::checkpoint,
            fmt::format("a position of type {} is not one in a Postgres log", position.type()));
    return *postgres;
}

ReplicationStream::Options stream_options(const PostgresCdcOptions& options) {
    ReplicationStream::Options stream;
    stream.endpoint = options.endpoint;
    stream.slot = options.slot;
    stream.publication = options.publication;
    stream.keepalive_interval = options.keepalive_interval;
    stream.take_over = options.take_over;
    stream.in_progress = options.streamed_folder && !options.streamed_folder->is_given_up();
    return stream;
}

PgoutputDecoder::Options decoder_options(const PostgresCdcOptions& options) {
    PgoutputDecoder::Options decoder;
    decoder.limits = {options.batch_changes, options.batch_bytes};
    decoder.truncates = options.truncates;
    decoder.streamed_folder = options.streamed_folder;
    decoder.skips_origin = options.skips_origin;
    decoder.definition_table = options.definition_table;
    decoder.definitions = options.definitions;
    decoder.binary = options.binary;
    return decoder;
}

bool is_table(const std::optional<PostgresTableName>& name, std::string_view schema,
              std::string_view table) {
    return name && schema == name->schema && table == name->table;
}

PositionPtr position_at(std::uint64_t lsn) {
    return make_postgres_position({lsn, now_us()});
}

}  // namespace

struct PostgresCdcSource::Reader {
    Reader(const PostgresCdcOptions& options, PgoutputDecoder::Options of_decoder)
        : decoder(options.selector, std::move(of_decoder)), stream(stream_options(options)) {}

    ChangeBatchPtr take() {
        auto batch = decoder.take();
        // What is kept aside counts with the batches that it comes to be in.
        const std::uint64_t bytes = stream.bytes_read() - decoder.bytes_aside();
        batch->source_bytes = bytes - bytes_handed_out;
        bytes_handed_out = bytes;
        return batch;
    }

    ChangeBatchPtr next(const std::atomic<bool>& interrupted);

    PgoutputDecoder decoder;
    ReplicationStream stream;
    std::uint64_t bytes_handed_out = 0;
};

PostgresCdcSource::PostgresCdcSource(PostgresCdcOptions options) : options_(std::move(options)) {
    auto of_decoder = decoder_options(options_);
    of_decoder.aborted_of = [this](const auto& xids) { return aborted_of(xids); };
    reader_ = std::make_unique<Reader>(options_, std::move(of_decoder));
}

PostgresCdcSource::~PostgresCdcSource() {
    end_identifying();
}

/// A connection for questions, kept: it is asked several times at a start.
PostgresConnection& PostgresCdcSource::ask(PostgresConnection::Kind kind) {
    if (asked_kind_ != kind) close_asked();
    throw_interrupted();
    if (!asked_) {
        auto connection = std::make_unique<PostgresConnection>(options_.endpoint, kind);
        std::lock_guard lock(asked_mutex_);
        asked_ = std::move(connection);
        asked_kind_ = kind;
    }
    throw_interrupted();
    return *asked_;
}

void PostgresCdcSource::throw_interrupted() const {
    if (interrupted_) throw Error(ErrorKind::transient, "the source was interrupted");
}

SlotReader PostgresCdcSource::slot_reader() const {
    return {options_.slot,
            options_.publication,
            options_.truncates,
            options_.heartbeat_table,
            options_.definition_table,
            options_.skips_origin != nullptr};
}

/// A walsender takes its time to connect: it does so meanwhile. What it is refused with comes when
/// the identity is asked for, behind what is found here. Of several hosts one alone is asked first:
/// what it says of its timeline keeps the next connection from an old primary.
void PostgresCdcSource::preflight() {
    if (!names_several_hosts(options_.endpoint.host))
        identified_ = std::async(std::launch::async, [this] { return reader_->stream.identify(); });
    try {
        check_wal_source(ask(), slot_reader(), options_.selector);
    } catch (...) {
        end_identifying();
        throw;
    }
}

void PostgresCdcSource::end_identifying() noexcept {
    if (!identified_.valid()) return;
    reader_->stream.interrupt();
    const While waiting(Doing::outside);
    identified_.wait();
}

std::string PostgresCdcSource::identity() {
    const While waiting(Doing::outside);
    identity_ = identified_.valid() ? identified_.get() : reader_->stream.identify();
    return identity_;
}

bool PostgresCdcSource::may_succeed(std::string_view earlier) {
    const auto recorded = PostgresIdentity::parse(earlier);
    const auto now = PostgresIdentity::parse(identity_.empty() ? identity() : identity_);
    const auto& endpoint = options_.endpoint;
    if (recorded && now && recorded->may_succeed(*now) && names_several_hosts(endpoint.host)) {
        // The next attempt passes this one by.
        postgres_timeline_met(endpoint.host, endpoint.port, recorded->timeline);
        throw Error(ErrorKind::transient,
                    fmt::format("postgres {}: this is an old primary, on timeline {}: the task has "
                                "followed {} already",
                                endpoint.display_name(), now->timeline, recorded->timeline),
                    "take it off the network, or make it a standby of the new primary");
    }
    return recorded && now && now->may_succeed(*recorded);
}

Holding PostgresCdcSource::succeeds(std::string_view earlier, const Position& position) {
    const auto recorded = PostgresIdentity::parse(earlier);
    if (!recorded) return {};
    return slot_succeeds(ask(), reader_->stream.walsender(), options_.slot, *recorded,
                         as_postgres(position).lsn);
}

/// Where the slot stands: what was written since it was made, or last read, is not lost. Without a
/// slot the end of the log, where prepare_first_start() makes one.
PositionPtr PostgresCdcSource::current_end() {
    const auto slot = read_slot(ask(), options_.slot);
    may_make_slot_ = !slot || options_.recreate_slot;
    return position_at(may_make_slot_ ? wal_end(ask()) : slot->confirmed_lsn);
}

/// Before the publication, so that it can be a member. Where the account may not, the heartbeat
/// itself says so.
void PostgresCdcSource::make_heartbeat_table() {
    if (!options_.heartbeat_table) return;
    try {
        create_heartbeat_table(ask(), *options_.heartbeat_table);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::permission) throw;
    }
}

/// Rows of these tables are looked at.
bool PostgresCdcSource::reads(std::string_view schema, std::string_view table) const {
    return options_.selector(schema, table) || is_table(options_.definition_table, schema, table);
}

PositionPtr PostgresCdcSource::prepare_first_start(const PositionPtr&) {
    make_heartbeat_table();
    make_publication(
        ask(), options_.publication, [this](std::string_view schema, std::string_view table) {
            return reads(schema, table) || is_table(options_.heartbeat_table, schema, table);
        });
    const auto begin = make_slot(ask(), options_.slot, options_.recreate_slot);
    may_make_slot_ = options_.recreate_slot = false;  // it is this start's own from now on
    return position_at(begin);
}

PositionPtr PostgresCdcSource::configured_start() {
    if (options_.start_lsn.empty()) return nullptr;
    const auto lsn = parse_lsn(options_.start_lsn);
    if (!lsn || *lsn == 0)
        throw Error(ErrorKind::config,
                    fmt::format("[extractor] start_lsn: {} is not an LSN", options_.start_lsn));
    return make_postgres_position({*lsn, 0});
}

Holding PostgresCdcSource::holds(const Position& position) {
    if (may_make_slot_) {
        return {true, fmt::format("slot {} is made at the start", options_.slot), ""};
    }
    return slot_holds(ask(), options_.slot, options_.publication, as_postgres(position).lsn);
}

std::string PostgresCdcSource::start_line(const Position& position) const {
    return fmt::format(
        "PgCdcExtractor starts, slot_name: {}, start_lsn: {}, keepalive_interval_secs: {}, "
        "heartbeat_interval_secs: {}, heartbeat_tb: {}",
        options_.slot, lsn_text(as_postgres(position).lsn),
        std::chrono::duration_cast<std::chrono::seconds>(options_.keepalive_interval).count(),
        options_.heartbeat_interval_secs,
        options_.heartbeat_table
            ? options_.heartbeat_table->schema + "." + options_.heartbeat_table->table
            : "");
}

bool PostgresCdcSource::choose_binary() {
    if (!options_.binary) return false;
    options_.binary->choose(ask(), options_.publication,
                            [this](auto schema, auto table) { return reads(schema, table); });
    return options_.binary->is_binary();
}

/// While the stream runs nobody else can move the slot: what holds() says then stays true.
void PostgresCdcSource::open(const PositionPtr& position) {
    const PostgresPosition& start = as_postgres(*position);
    reader_->decoder.start({start.lsn, start.timestamp_ms * 1000});
    reader_->bytes_handed_out = 0;
    pending_error_ = nullptr;
    reader_->stream.open(start.lsn, choose_binary());
    if (!identity_.empty() && reader_->stream.identity() != identity_)
        throw Error(ErrorKind::transient,
                    fmt::format("the source was \"{}\", and is \"{}\" a moment later", identity_,
                                reader_->stream.identity()));
    const auto holding = slot_holds(ask(), options_.slot, options_.publication, start.lsn);
    if (!holding.held)
        throw Error(ErrorKind::gap,
                    fmt::format("the source no longer holds what follows {}: {}",
                                position->to_json(), holding.detail),
                    holding.hint);
    notes_ = wal_source_notes(ask(), slot_reader(), options_.selector);
    close_asked();
}

/// Nobody needs it while the stream runs, but for aborted_of().
void PostgresCdcSource::close_asked() {
    std::lock_guard lock(asked_mutex_);
    asked_.reset();
}

std::vector<std::uint32_t> PostgresCdcSource::aborted_of(
    const std::vector<std::uint32_t>& subtransactions) {
    try {
        auto aborted = ask_aborted(subtransactions);
        options_.streamed_folder->is_answered();
        return aborted;
    } catch (const Error& error) {
        if (interrupted_) throw;  // by us, not by the source
        options_.streamed_folder->is_not_answered(error);
    }
}

/// A walsender says whose log it is: of several hosts it might be another one's.
std::vector<std::uint32_t> PostgresCdcSource::ask_aborted(
    const std::vector<std::uint32_t>& subtransactions) {
    PostgresConnection& walsender = ask(PostgresConnection::Kind::replication);
    const std::string& stream = reader_->stream.identity();
    const std::string asked = PostgresIdentity::read(walsender).text();
    if (asked != stream)
        throw Error(ErrorKind::transient,
                    fmt::format("the stream is of \"{}\", who answers is \"{}\"", stream, asked));
    auto aborted = aborted_among(walsender, subtransactions);
    close_asked();
    return aborted;
}

ChangeBatchPtr PostgresCdcSource::Reader::next(const std::atomic<bool>& interrupted) {
    using Wait = ReplicationStream::Wait;
    while (!interrupted) {
        if (decoder.is_replaying()) {
            decoder.replay();
            if (decoder.is_full()) return take();
            continue;
        }
        const Wait wait = !decoder.has_batch()       ? Wait::fully
                          : decoder.in_transaction() ? Wait::briefly
                                                     : Wait::none;
        const auto message = stream.next(wait);
        if (!message) return take();
        if (message->is_data) {
            decoder.accept(message->payload);
        } else {
            decoder.moved_to(message->wal_end, message->sent_us);
        }
        if (decoder.is_full()) return take();
    }
    return nullptr;
}

/// What only a stream of transactions in progress may meet is met by none without them.
ChangeBatchPtr PostgresCdcSource::read() {
    try {
        return reader_->next(interrupted_);
    } catch (const Error& error) {
        const ReplicationStream& stream = reader_->stream;
        const bool is_of_streamed = stream.is_in_progress() &&
                                    (stream.is_at_fault() || (error.kind() == ErrorKind::data &&
                                                              reader_->decoder.is_at_streamed()));
        if (interrupted_ || !is_of_streamed) throw;
        options_.streamed_folder->give_up(error.text(), error.hint());
    }
}

ChangeBatchPtr PostgresCdcSource::next() {
    PgoutputDecoder& decoder = reader_->decoder;
    if (pending_error_) std::rethrow_exception(std::exchange(pending_error_, nullptr));
    try {
        return read();
    } catch (const Error&) {
        // The logs may be in need of the room at once.
        decoder.drop_kept_aside();
        if (interrupted_) return nullptr;
        // What was committed before it is whole, and the operator may want to start behind it.
        if (!decoder.has_commit()) throw;
        pending_error_ = std::current_exception();
        decoder.drop_unfinished();
        return reader_->take();
    }
}

bool PostgresCdcSource::is_caught_up() const noexcept {
    return reader_->stream.is_idle();
}

void PostgresCdcSource::acknowledge(const Position& position) {
    reader_->stream.acknowledge(as_postgres(position).lsn);
}

void PostgresCdcSource::interrupt() noexcept {
    interrupted_ = true;
    reader_->stream.interrupt();
    std::lock_guard lock(asked_mutex_);
    if (asked_) asked_->interrupt();
}

}  // namespace dts
