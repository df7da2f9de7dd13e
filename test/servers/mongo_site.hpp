// A MongoDB as a test talks to it: commands written as Extended JSON, documents compared byte for
// byte. The server behind it is the stand-in, or a real one named by the environment.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/client/mongo_client.hpp"

namespace dts::test {

/// The BSON of Extended JSON. Throws when it is none.
std::string bson_of(std::string_view json);

class MongoSite {
  public:
    explicit MongoSite(std::string uri);

    const std::string& uri() const noexcept { return uri_; }
    std::string host() const { return connection_.name(); }

    /// Runs a command; the reply. Throws when the server refuses it.
    std::string run(const std::string& database, std::string_view json);
    std::string run_bytes(const std::string& database, std::string_view command);
    /// Several commands as one transaction: pairs of database and command.
    void transaction(const std::vector<std::pair<std::string, std::string>>& commands);

    void insert(const std::string& database, const std::string& collection,
                const std::vector<std::string>& documents);
    void insert_json(const std::string& database, const std::string& collection,
                     std::string_view json);

    /// All documents, by the key of their _id, in one snapshot where the server can.
    std::map<std::string, std::string> documents(const std::string& database,
                                                 const std::string& collection);
    /// All that a command with a cursor gives, document by document.
    std::vector<std::string> list(const std::string& database, std::string_view json);
    /// A text field of the task's checkpoint in this target; empty where there is none.
    std::string checkpoint_field(std::string_view field);

    MongoConnection& connection() noexcept { return connection_; }

  private:
    std::string uri_;
    MongoConnection connection_;
    MongoSession session_;
};

/// What of the collection differs, empty when nothing does.
std::string differences(MongoSite& source, MongoSite& target, const std::string& database,
                        const std::string& collection);

}  // namespace dts::test
