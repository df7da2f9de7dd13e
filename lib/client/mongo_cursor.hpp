// A server's cursor read batch by batch, each batch as the reply it came in: change streams say
// there how far they looked, which libmongoc's own cursors keep to themselves.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lib/client/mongo_client.hpp"

namespace dts {

class MongoCursor {
  public:
    /// Runs `command` (find, aggregate, ...), whose first batch is the first to be read. The
    /// connection outlives the cursor; the session, which may be null, too.
    MongoCursor(MongoConnection& connection, std::string database, std::string_view command,
                const MongoConnection::Way& way);
    MongoCursor(const MongoCursor&) = delete;
    MongoCursor& operator=(const MongoCursor&) = delete;
    /// Ends it at the server too, as far as that can be reached.
    ~MongoCursor();

    /// The next batch, an array of documents; nothing when the cursor has come to its end. `wait`:
    /// how long a tailing cursor waits for something new. The view lives until the next call.
    /// Throws MongoError.
    std::optional<std::string_view> next(std::chrono::milliseconds wait = {});

    /// The whole reply that the last batch came in.
    std::string_view reply() const noexcept { return reply_.bytes(); }
    /// Its cursor's "postBatchResumeToken"; empty where there is none.
    std::string_view resume_token() const noexcept { return resume_token_; }

  private:
    std::string_view take_batch(std::string_view name);

    MongoConnection& connection_;
    std::string database_;
    std::string collection_;
    MongoConnection::Way way_;
    MongoReply reply_;
    std::string_view resume_token_;
    std::int64_t id_ = 0;
    bool is_first_ = true;
};

}  // namespace dts
