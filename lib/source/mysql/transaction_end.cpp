// The part of TransactionDecoder that ends transactions: committed, rolled back, broken off.
#include <fmt/format.h>

#include <algorithm>
#include <strings.h>

#include "lib/base/error.hpp"
#include "lib/source/mysql/transaction_decoder.hpp"

namespace dts {

namespace {

/// The number in rows events that only say "the statement is over".
constexpr std::uint64_t no_table = 0xFFFFFF;

/// Savepoints are the same whatever the case of their names.
bool same_name(const std::string& a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), b.size()) == 0;
}

Error can_not_take_back(std::string_view what) {
    return {ErrorKind::data,
            fmt::format("a transaction was rolled back to a savepoint, and {}", what),
            "start behind it, and compare the tables it changed"};
}

}  // namespace

void TransactionDecoder::commit(const BinlogEvent& event) {
    if (state_ == State::outside)
        throw Error(ErrorKind::data, "a transaction ends that was not seen to begin",
                    "the start position must stand between two transactions");
    if (transaction_.is_void) return read_again();
    mark(event.end_place(), transaction_.time_us != 0 ? transaction_.time_us : time_us_,
         transaction_.id);
    state_ = State::outside;
    again_.reset();
}

/// Written when a transaction changed tables that can not roll back (temporary ones count, too):
/// their changes stand, those of the others do not.
void TransactionDecoder::roll_back(const BinlogEvent& event) {
    if (transaction_.has_transactional && !transaction_.is_void) {
        if (transaction_.has_others)
            throw Error(ErrorKind::data,
                        "a transaction over tables that can roll back and tables that can not was "
                        "rolled back",
                        "start behind it, and compare the tables it changed");
        drop_open();
    }
    commit(event);
}

/// Only where tables that can not roll back were changed beside this transaction: else the server
/// takes the changes out of the binlog itself.
void TransactionDecoder::roll_back_to(std::string_view savepoint) {
    if (!transaction_.has_changes) return;
    auto& savepoints = transaction_.savepoints;
    while (!savepoints.empty() && !same_name(savepoints.back().name, savepoint))
        savepoints.pop_back();
    if (savepoints.empty())
        throw can_not_take_back(fmt::format("its savepoint `{}` was not seen", savepoint));
    if (transaction_.has_others)
        throw can_not_take_back("it changed tables that can not roll back, too");
    const Savepoint& to = savepoints.back();
    auto& taken_back = transaction_.taken_back;
    while (!taken_back.empty() && taken_back.back().begin >= to.rows_event) taken_back.pop_back();
    taken_back.push_back({to.rows_event, transaction_.rows_events});
    if (transaction_.is_void) return;
    if (to.was_passed_on) return look_through();
    if (batch_) batch_->changes.resize(to.change);
}

/// What left with earlier batches is not known by name any more.
std::string TransactionDecoder::changed_tables() const {
    constexpr std::size_t most_names = 10;
    std::vector<std::string> names;
    const std::size_t first = transaction_.first_change;
    for (std::size_t i = first; batch_ && i < batch_->changes.size(); ++i) {
        if (i > first && batch_->changes[i].table == batch_->changes[i - 1].table) continue;
        std::string name = batch_->changes[i].table->display_name();
        if (std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(std::move(name));
    }
    const bool more = transaction_.was_handed_out || names.size() > most_names;
    if (names.empty()) return "subscribed tables";
    names.resize(std::min(names.size(), most_names));
    return fmt::format("{}{}", fmt::join(names, ", "), more ? " and maybe others" : "");
}

void TransactionDecoder::prepare_xa(const BinlogEvent& event) {
    const XaPrepareEvent xa = parse_xa_prepare(event.body);
    // Its rows stand here and nowhere else: a start behind its XA COMMIT would lose them.
    if (!xa.one_phase && transaction_.has_changes)
        throw Error(
            ErrorKind::data,
            fmt::format("an XA transaction changed {} and is only prepared; whether it commits "
                        "stands later in the binlog, which is not supported",
                        changed_tables()),
            "when it is committed or rolled back, copy these tables anew and start where the copy "
            "was taken, or take them out of the filter; have the application commit in one phase. "
            "A start behind its XA COMMIT without a copy loses its rows");
    commit(event);
}

/// A mark behind a transaction, or at a position that moved without one. Many in a row without
/// changes between them become one.
void TransactionDecoder::mark(const FilePlace& place, std::int64_t time_us,
                              const TransactionId& id) {
    // Where GTIDs are the position, another server's files may have taken over.
    const bool goes_back =
        !executed_ && marked_.file && *marked_.file == *place.file && place.offset < marked_.offset;
    if (goes_back)
        throw Error(ErrorKind::bug, fmt::format("the position would go back from {1}:{2} to {0}",
                                                place.offset, *marked_.file, marked_.offset));
    auto& commits = batch().commits;
    const auto change_end = static_cast<std::uint32_t>(batch_->changes.size());
    const std::size_t count = commits.size();
    const bool replace = count > 0 && commits.back().change_end == change_end &&
                         (count == 1 ? 0 : commits[count - 2].change_end) == change_end;
    if (replace) {
        commits.back().commit_time_us = time_us;
    } else {
        commits.push_back({change_end, time_us});
    }
    trail_->mark(place, time_us, id, replace);
    marked_ = place;
}

/// The position moves although nothing happens: a new file and what stands at its head, or a
/// heartbeat behind events that were not sent. A stream by GTIDs begins at the head of a file,
/// before the place that is known already.
void TransactionDecoder::move_on(const BinlogEvent& event) {
    const FilePlace place = event.end_place();
    const bool same_file = marked_.file && *marked_.file == *place.file;
    if (marked_.file && !same_file) end_broken_off();
    if (state_ != State::outside || again_ || (same_file && place.offset <= marked_.offset)) return;
    mark(place, time_us_, {});
}

/// Something came that does not stand inside a transaction: the server crashed while writing it,
/// and took it back when it recovered.
void TransactionDecoder::end_broken_off() {
    if (state_ == State::outside) return;
    drop_open();
    state_ = State::outside;
    again_.reset();
}

/// What the batches hold of the transaction does not count.
void TransactionDecoder::drop_open() {
    if (batch_) batch_->changes.resize(transaction_.first_change);
    if (!std::exchange(transaction_.was_handed_out, false)) return;
    batch().voids_open_transaction = true;
}

/// Changes left that the transaction has taken back now. It may take back more: the rest of it is
/// looked through for that, then all of it is read again without those changes.
void TransactionDecoder::look_through() {
    if (again_)
        throw can_not_take_back("read again it took other changes back than the first time");
    drop_open();
    transaction_.is_void = true;
}

void TransactionDecoder::read_again() {
    again_ = Again{transaction_.begin, std::move(transaction_.taken_back)};
    state_ = State::outside;
    read_ = transaction_.begin;
    tables_.forget_numbers();
}

std::optional<TransactionAgain> TransactionDecoder::take_again() {
    if (!again_ || std::exchange(again_->is_told, true)) return std::nullopt;
    return TransactionAgain{again_->begin, trail_ != nullptr ? trail_->executed() : executed_};
}

bool TransactionDecoder::is_taken_back(std::uint64_t rows_event) {
    if (!again_ || state_ == State::outside) return false;
    auto& [begin, taken_back, next, is_told] = *again_;
    while (next < taken_back.size() && taken_back[next].end <= rows_event) ++next;
    return next < taken_back.size() && taken_back[next].begin <= rows_event;
}

/// Rows that the transaction takes back later.
void TransactionDecoder::pass_over(const BinlogEvent& event) {
    ++skipped_changes_;
    const std::uint64_t table_id = ByteReader(event.body).u48();
    if (table_id == no_table) return;
    StreamTable& table = tables_.find(table_id);
    if (table.subscribed && !tables_.decoding(table, rows_time(event)).is_transactional)
        throw can_not_take_back("it changed tables that can not roll back, too");
}

}  // namespace dts
