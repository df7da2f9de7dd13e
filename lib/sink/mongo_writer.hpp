// Executes the writes of one collection: removals first, then documents as they are to be, then
// updates of documents that are read from the target for it, as many at a time as memory allows.
// All in the session's transaction, so what is read is what the writes before left; without a
// transaction every step may be done again without harm.
#pragma once

#include <string>
#include <unordered_map>

#include "lib/client/mongo_bulk.hpp"
#include "lib/sink/document_writes.hpp"

namespace dts {

class MongoWriter {
  public:
    /// `session`: with an open transaction, or null. Throws MongoError.
    MongoWriter(MongoConnection& connection, CollectionWrites& writes, const MongoSession* session);

    void execute();

  private:
    using Documents = std::unordered_map<std::string, std::string>;

    void execute_merged();
    void execute_in_order();
    void write(const DocumentWrite& write, std::string_view document);
    void update_documents(const std::vector<const DocumentWrite*>& updates);
    /// Calls use(key, document) for each of these that the target has.
    template <typename Use>
    void read_documents(const std::vector<std::string_view>& keys, Use use);
    std::string updated(std::string document, const DocumentWrite& write);

    MongoConnection& connection_;
    CollectionWrites& writes_;
    const MongoSession* session_;
    MongoBulk bulk_;
};

}  // namespace dts
