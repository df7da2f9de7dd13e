// Turns oplog entries into changes: single operations, and transactions, which stand in the oplog
// as applyOps entries. A large transaction has several, chained backwards by prevOpTime; the last
// one makes it true, or a commitTransaction that comes any time later. Until then nothing of it is
// kept here: when it becomes true its chain is read again from the oplog, entry by entry, so memory
// is bounded and a restart in between loses nothing. Used by one thread.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "lib/source/mongo/oplog_entry.hpp"

namespace dts {

class OplogDecoder {
  public:
    /// Reads the entry with this timestamp from the oplog. Throws Error{gap} when it is not there
    /// any more.
    using Fetch = std::function<std::string(BsonTimestamp)>;

    OplogDecoder(DocumentBatch& batch, Fetch fetch) : batch_(batch), fetch_(std::move(fetch)) {}

    void accept(std::string_view entry);

    /// A chained transaction has more to give: step() adds its next entry to the batch. Nothing
    /// else may be accepted until then.
    bool is_inside_chain() const noexcept { return !chain_.empty(); }
    void step();

  private:
    void change(const OplogEntry& entry);
    void command(const OplogEntry& entry);
    void definition(const OplogEntry& entry, bool in_transaction);
    void apply_operations(std::string_view object, unsigned depth);
    void begin_chain(const OplogEntry& last, bool with_last);

    DocumentBatch& batch_;
    Fetch fetch_;
    std::deque<BsonTimestamp> chain_;
    MongoPlace chain_end_;
};

}  // namespace dts
