// PgoutputDecoder, for transactions that the server streams before they have committed: how they
// are kept aside, and become changes.
#include <fmt/format.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/source/postgres/pgoutput_decoder.hpp"

namespace dts {

using pgoutput::Kind;
using pgoutput::MessageReader;

namespace {

/// Messages of one replay(): a stop is waited for no longer.
constexpr unsigned most_replayed = 4096;

}  // namespace

/// A message of a transaction in progress. It is looked at as far as tells whether it is wanted.
void PgoutputDecoder::keep_aside(Kind kind, MessageReader& reader, std::size_t bytes) {
    StreamedTransaction& transaction = streamed_.current();
    if (kind == Kind::origin) {
        transaction.origin = reader.origin();
        reader.finish();
        return;
    }
    const std::uint32_t xid = reader.xid();
    const Bytes rest = reader.rest();
    MessageReader row(rest);
    switch (kind) {
        case Kind::relation: {
            const auto relation = row.relation();
            if (selector_(relation.schema, relation.table) || is_definition_table(relation)) {
                transaction.unwanted_tables.erase(relation.id);
            } else {
                transaction.unwanted_tables.insert(relation.id);
            }
            break;
        }
        case Kind::insert:
        case Kind::update:
        case Kind::remove:
            if (transaction.unwanted_tables.count(row.relation_id()) == 0 &&
                !is_skipped(transaction.origin))
                break;
            ++transaction.skipped_changes;
            return;
        case Kind::truncate:
        case Kind::type:
            break;
        case Kind::message:
            return;
        default:
            throw Error(ErrorKind::data, fmt::format("a pgoutput message of the kind {} inside a "
                                                     "part of a streamed transaction",
                                                     int{static_cast<char>(kind)}));
    }
    // A subtransaction's tables and types may be those of what follows it, too: they outlive it.
    const bool outlives = kind == Kind::relation || kind == Kind::type;
    std::string head(1, static_cast<char>(kind));
    if (kind == Kind::relation) {
        const std::uint64_t number = ++descriptions_;
        head.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    transaction.add(outlives ? StreamedTransaction::no_subtransaction : xid, head, as_text(rest));
    transaction.bytes_aside += bytes;
    bytes_aside_ += bytes;
}

void PgoutputDecoder::begin_replay(std::uint32_t xid, const pgoutput::Commit& commit) {
    if (in_transaction_) throw Error(ErrorKind::data, "a transaction inside another");
    auto transaction = streamed_.commit(xid);
    begin(commit.commit_lsn);
    skips_transaction_ = skips_transaction_ || is_skipped(transaction->origin);
    if (!skips_transaction_) take_back_aborted(*transaction);
    if (transaction->skipped_changes != 0) {
        batch().skipped_changes += transaction->skipped_changes;
    }
    replayed_ = std::move(transaction);
    replayed_commit_ = commit;
}

/// The server says of most subtransactions that they were taken back, but not of all: of one that
/// wrote more than 4096 changes, TOAST chunks counted, and was spilled to its disk before it was
/// streamed, it says nothing (15 and 17: ReorderBufferTruncateTXN goes by the changes that are in
/// memory). So it is asked.
void PgoutputDecoder::take_back_aborted(StreamedTransaction& transaction) {
    const auto subtransactions = transaction.subtransactions();
    if (subtransactions.empty() || !options_.aborted_of) return;
    for (const std::uint32_t subtransaction : options_.aborted_of(subtransactions))
        transaction.take_back(subtransaction);
}

void PgoutputDecoder::replay() {
    for (unsigned messages = 0; messages < most_replayed && !is_full(); ++messages) {
        const auto message = replayed_->next();
        if (!message) return end_replay();
        // Of the kinds that keep_aside() takes, without the number of the (sub)transaction.
        std::size_t bytes = message->size() + sizeof(std::uint32_t);
        ByteReader head(*message);
        if (static_cast<Kind>(head.u8()) == Kind::relation) {
            const std::uint64_t number = head.u64();
            bytes -= sizeof number;
            MessageReader relation(head.rest());
            accept_relation(relation, number);
            relation.finish();
        } else {
            accept(*message);
        }
        replayed_->bytes_aside -= bytes;
        bytes_aside_ -= bytes;
    }
}

void PgoutputDecoder::end_replay() {
    bytes_aside_ -= replayed_->bytes_aside;  // of what was taken back
    replayed_ = nullptr;
    for (auto& [id, table] : later_tables_) {
        table.is_in_batch = false;
        tables_[id] = std::move(table);
    }
    later_tables_.clear();
    accept_commit(replayed_commit_);
}

void PgoutputDecoder::drop_kept_aside() noexcept {
    streamed_.clear();
    replayed_ = nullptr;
}

}  // namespace dts
