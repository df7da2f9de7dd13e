// Turns the events of a change stream into batches: puts the fragments of large events together,
// keeps the events of one transaction together, and knows when a transaction is complete.
//
// Events of one transaction share session and transaction number and come one behind another. That
// the last of them has come is known when another event follows, or when the stream says that it
// has looked further than it. A place is recorded behind whole transactions only.
//
// Format: MongoDB manual, "Change Events". Used by one thread; everything throws Error{data}.
#pragma once

#include <string>
#include <string_view>

#include "lib/source/mongo/document_batch.hpp"

namespace dts {

class ChangeEventDecoder {
  public:
    explicit ChangeEventDecoder(DocumentBatch& batch) : batch_(batch) {}

    void accept(std::string_view event);

    /// The server had nothing more to send: where it does not pause inside transactions, the open
    /// one ends here.
    void ran_dry();

    /// A batch of events has ended, and the stream has looked as far as this token; empty where the
    /// server does not say. Ends the open transaction when the token is behind it.
    void looked_as_far_as(std::string_view token, BsonTimestamp server_time);

    /// Behind the last event.
    const MongoPlace& place() const noexcept { return place_; }

    /// The stream has ended with an "invalidate": it goes on with a new one behind that event.
    bool is_invalidated() const noexcept { return is_invalidated_; }

  private:
    void decode(std::string_view event);
    void end_transaction();

    DocumentBatch& batch_;
    std::string transaction_;  ///< session and number of the open transaction; empty: none
    bool has_open_ = false;    ///< an event of the open transaction has come
    MongoPlace place_;         ///< behind the last event
    std::string last_token_;
    std::string fragments_;  ///< the fields of a split event so far, without head and end
    bool is_invalidated_ = false;
};

}  // namespace dts
