#include "lib/source/mysql/transaction_decoder.hpp"

#include <fmt/format.h>

#include <limits>

#include "lib/base/error.hpp"
#include "lib/source/mysql/event_payload.hpp"
#include "lib/source/mysql/statement.hpp"

namespace dts {

namespace {

constexpr std::int64_t us_per_second = 1'000'000;

}  // namespace

void TransactionDecoder::start(const FilePlace& place, std::shared_ptr<const GtidSet> executed,
                               std::int64_t time_us) {
    state_ = State::outside;
    transaction_ = {};
    again_.reset();
    batch_.reset();
    trail_ = nullptr;
    adopted_ = nullptr;
    skipped_changes_ = 0;
    dialect_ = executed ? executed->dialect() : GtidSet::Dialect::none;
    executed_ = std::move(executed);
    read_ = marked_ = place;
    time_us_ = time_us;
    tables_.forget_numbers();
}

void TransactionDecoder::accept(const BinlogEvent& event, const FormatDescription& format,
                                const std::shared_ptr<Chunk>& chunk) {
    if (event.header.timestamp != 0 && !event.header.is_artificial())
        time_us_ = std::int64_t{event.header.timestamp} * us_per_second;
    if (read_.file != *event.file) read_.file = *event.file;
    read_.offset = event.end;
    try {
        dispatch(event, format, chunk);
    } catch (const Error& error) {
        throw error.in(fmt::format("binlog {}:{}", **event.file, event.begin));
    }
}

void TransactionDecoder::dispatch(const BinlogEvent& event, const FormatDescription& format,
                                  const std::shared_ptr<Chunk>& chunk) {
    switch (event.header.type) {
        case EventType::gtid:
            return begin_mysql(event, parse_mysql_gtid(event.body));
        case EventType::gtid_tagged:
            return begin_mysql(event, parse_mysql_tagged_gtid(event.body));
        case EventType::anonymous_gtid: {
            auto gtid = parse_mysql_gtid(event.body);
            gtid.number = 0;
            return begin_mysql(event, gtid);
        }
        case EventType::mariadb_gtid:
            return begin_mariadb(event);
        case EventType::query:
            return on_statement(event, parse_query(event.body));
        case EventType::mariadb_query_compressed: {
            auto query = parse_query(event.body);
            Arena arena;
            query.sql = uncompress_mariadb(query.sql, arena);
            return on_statement(event, query);
        }
        case EventType::execute_load_query:
            return on_statement(event, parse_execute_load_query(event.body));
        case EventType::xid:
            return commit(event);
        case EventType::xa_prepare:
            return prepare_xa(event);
        case EventType::table_map:
            return tables_.announce(event.body);
        case EventType::write_rows_v1:
        case EventType::update_rows_v1:
        case EventType::delete_rows_v1:
        case EventType::write_rows:
        case EventType::update_rows:
        case EventType::delete_rows:
        case EventType::mariadb_write_rows_compressed_v1:
        case EventType::mariadb_update_rows_compressed_v1:
        case EventType::mariadb_delete_rows_compressed_v1:
        case EventType::mariadb_write_rows_compressed:
        case EventType::mariadb_update_rows_compressed:
        case EventType::mariadb_delete_rows_compressed:
            if (is_taken_back(transaction_.rows_events++)) return pass_over(event);
            return on_rows(event, format, chunk);
        case EventType::partial_update_rows:
            return refuse_partial_rows(event);
        case EventType::rotate:
        case EventType::heartbeat:
        case EventType::heartbeat_v2:
        case EventType::stop:
        case EventType::previous_gtids:
        case EventType::mariadb_gtid_list:
        case EventType::mariadb_binlog_checkpoint:
        case EventType::mariadb_start_encryption:
            return move_on(event);
        case EventType::format_description:
            if (format.created != 0) end_broken_off();  // the server was started anew
            return move_on(event);
        case EventType::incident:
            throw Error(
                ErrorKind::gap,
                fmt::format("the source lost events itself: {}", parse_incident(event.body)),
                "copy the tables anew and start behind this place");
        case EventType::intvar:
        case EventType::append_block:
        case EventType::rand:
        case EventType::user_var:
        case EventType::begin_load_query:
        case EventType::ignorable:
        case EventType::rows_query:
        case EventType::transaction_context:
        case EventType::view_change:
        case EventType::mariadb_annotate_rows:
            return;
        default:
            if ((event.header.flags & EventHeader::flag_ignorable) != 0) return;
            throw Error(ErrorKind::data, fmt::format("an event of the unknown type {}",
                                                     static_cast<unsigned>(event.header.type)));
    }
}

void TransactionDecoder::begin(const BinlogEvent& event, State state) {
    end_broken_off();
    tables_.drop_used_numbers();
    if (again_ && !same_place(again_->begin, event.begin_place()))
        throw Error(ErrorKind::transient,
                    fmt::format("the source did not send the transaction at {}:{} once more",
                                *again_->begin.file, again_->begin.offset));
    state_ = state;
    transaction_ = {};
    transaction_.begin = event.begin_place();
    transaction_.first_change = batch_ ? batch_->changes.size() : 0;
}

void TransactionDecoder::begin_mysql(const BinlogEvent& event, const MysqlGtidEvent& gtid) {
    begin(event, State::announced);
    transaction_.time_us = gtid.commit_time_us;
    if (gtid.number == 0) return;
    if (gtid.number >= std::numeric_limits<std::int64_t>::max())
        throw Error(ErrorKind::data, fmt::format("a GTID with the number {}", gtid.number));
    take_dialect(GtidSet::Dialect::mysql);
    transaction_.id.uuid = gtid.uuid;
    transaction_.id.tag = gtid.tag;
    transaction_.id.number = gtid.number;
}

void TransactionDecoder::begin_mariadb(const BinlogEvent& event) {
    const MariadbGtidEvent gtid = parse_mariadb_gtid(event.body);
    const bool standalone = (gtid.flags & MariadbGtidEvent::flag_standalone) != 0;
    begin(event, standalone ? State::announced : State::inside);
    take_dialect(GtidSet::Dialect::mariadb);
    transaction_.id.domain = gtid.domain;
    transaction_.id.server = event.header.server_id;
    transaction_.id.number = gtid.number;
}

/// A server speaks one dialect; a set can not hold both.
void TransactionDecoder::take_dialect(GtidSet::Dialect dialect) {
    if (dialect_ != GtidSet::Dialect::none && dialect_ != dialect)
        throw Error(ErrorKind::data, "a GTID of MySQL and one of MariaDB in one stream",
                    "is the position of another source?");
    dialect_ = transaction_.id.dialect = dialect;
}

void TransactionDecoder::on_statement(const BinlogEvent& event, const QueryEvent& query) {
    const std::string_view sql = as_text(query.sql);
    switch (classify(sql)) {
        case StatementKind::begin:
        case StatementKind::xa_start:
            if (state_ == State::outside) begin(event, State::inside);
            state_ = State::inside;
            return;
        case StatementKind::commit:
            return commit(event);
        case StatementKind::rollback:
            return roll_back(event);
        case StatementKind::savepoint:
            transaction_.savepoints.push_back({savepoint_name(sql),
                                               batch_ ? batch_->changes.size() : 0,
                                               transaction_.rows_events, false});
            return;
        case StatementKind::rollback_to_savepoint:
            return roll_back_to(savepoint_name(sql));
        case StatementKind::xa_end:
        case StatementKind::xa_prepare:
            return;
        case StatementKind::row_change:
            refuse_row_statement(query, sql);
            break;
        case StatementKind::definition:
            on_definition(event, query, sql);
            break;
        case StatementKind::nothing:
        case StatementKind::xa_commit:
        case StatementKind::xa_rollback:
            break;
    }
    if (state_ == State::inside) return;
    if (state_ == State::outside) begin(event, State::announced);
    commit(event);  // a transaction of its own
}

ChangeBatch& TransactionDecoder::batch() {
    if (!batch_) {
        batch_ = std::make_unique<ChangeBatch>();
        batch_->changes.reserve(usual_changes_);
        batch_->commits.reserve(usual_commits_);
        auto trail = std::make_unique<MysqlCommitTrail>(executed_, usual_commits_);
        trail_ = trail.get();
        batch_->trail = std::move(trail);
        ++batch_number_;
    }
    return *batch_;
}

void TransactionDecoder::drop_unfinished() {
    batch_->changes.resize(batch_->commits.empty() ? 0 : batch_->commits.back().change_end);
    state_ = State::outside;
    read_ = marked_;
}

ChangeBatchPtr TransactionDecoder::take() {
    trail_->read_up_to(read_, time_us_);
    executed_ = trail_->executed();
    usual_changes_ = batch_->changes.size();
    usual_commits_ = batch_->commits.size();
    batch_->skipped_changes = std::exchange(skipped_changes_, 0);
    if (state_ != State::outside) {
        transaction_.was_handed_out |= usual_changes_ > transaction_.first_change;
        transaction_.first_change = 0;
        for (auto& savepoint : transaction_.savepoints) {
            savepoint.was_passed_on |= savepoint.change < usual_changes_;
            savepoint.change = 0;
        }
    }
    adopted_ = nullptr;
    trail_ = nullptr;
    return std::move(batch_);
}

}  // namespace dts
