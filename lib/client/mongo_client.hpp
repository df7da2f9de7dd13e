// Connections to MongoDB over libmongoc: commands go out and replies come back as BSON bytes.
// Replies of cursors are read as they are (mongo_cursor.hpp), so that tokens and operation times
// that the library keeps to itself are seen.
//
// A connection is used by one thread at a time. It reconnects by itself within a command where the
// driver's rules allow; whatever else is lost comes as Error{transient}.
#pragma once

#include <mongoc/mongoc.h>

#include <memory>
#include <string>
#include <string_view>

#include "lib/base/ssl_mode.hpp"
#include "lib/client/bson_bytes.hpp"
#include "lib/client/bson_handle.hpp"
#include "lib/client/mongo_error.hpp"

namespace dts {

struct MongoEndpoint {
    std::string uri;       ///< as the driver takes it, the account inside or below
    std::string username;  ///< empty: the uri's
    std::string password;
    SslMode ssl_mode = SslMode::disable;  ///< disable: what the uri says
    std::string ssl_ca_path;
    unsigned connect_timeout_secs = 15;
    unsigned answer_timeout_secs = 60;  ///< a server that is silent for so long counts as lost
    std::string client_name;            ///< shown by the server in currentOp and its log
    bool direct = false;                ///< this server alone, whatever it is a member of
};

/// A reply, movable.
class MongoReply {
  public:
    MongoReply() : reply_(std::make_unique<Box>()) {}
    std::string_view bytes() const noexcept { return bytes_of(&reply_->document); }
    const bson_t* get() const noexcept { return &reply_->document; }
    /// For a call that fills it, whatever it held.
    bson_t* start() noexcept {
        bson_destroy(&reply_->document);
        return &reply_->document;
    }

  private:
    struct Box {
        Box() { bson_init(&document); }
        ~Box() { bson_destroy(&document); }
        bson_t document;
    };
    std::unique_ptr<Box> reply_;
};

/// A logical session; on servers without sessions nothing.
class MongoSession {
  public:
    explicit MongoSession(mongoc_client_session_t* session) : session_(session) {}
    mongoc_client_session_t* handle() const noexcept { return session_.get(); }
    /// The `lsid` document; empty where there is no session.
    std::string id() const;

  private:
    struct End {
        void operator()(mongoc_client_session_t* s) const noexcept {
            mongoc_client_session_destroy(s);
        }
    };
    std::unique_ptr<mongoc_client_session_t, End> session_;
};

/// What a server says of itself.
struct MongoServerFacts {
    std::string set_name;    ///< empty: not a member of a replica set
    bool is_mongos = false;  ///< routes to the shards of a cluster
    bool has_sessions = false;
    int version[3] = {0, 0, 0};
    std::string version_text;

    bool at_least(int major, int minor, int patch = 0) const noexcept;
    /// Transactions over many documents. Before 4.2 one holds no more than 16 MiB, less than a
    /// group may.
    bool has_transactions() const noexcept {
        return has_sessions && (!set_name.empty() || is_mongos) && at_least(4, 2);
    }
};

class MongoConnection {
  public:
    /// Does not connect yet. Throws Error{config} when the driver refuses the uri.
    explicit MongoConnection(const MongoEndpoint& endpoint);
    MongoConnection(const MongoConnection&) = delete;
    MongoConnection& operator=(const MongoConnection&) = delete;
    ~MongoConnection();

    /// Where a command goes and in what.
    struct Way {
        const MongoSession* session = nullptr;
        std::uint32_t server_id = 0;  ///< 0: the primary, or as the uri's read preference says
    };
    /// Runs a command. Throws MongoError: with the server's words when it refuses.
    MongoReply command(const std::string& database, std::string_view command, const Way& way);
    MongoReply command(const std::string& database, std::string_view command) {
        return this->command(database, command, Way{});
    }
    /// The same for a write on its own, with retryWrites, acknowledged by a majority and journaled.
    MongoReply write(const std::string& database, std::string_view command);

    MongoSession start_session();
    /// The server that reads go to: for the commands of one cursor.
    std::uint32_t select_server();
    MongoServerFacts describe_server();

    /// Begins a transaction: read concern snapshot, committed by a majority.
    void begin(const MongoSession& session);
    /// Throws MongoError; commit_unknown() when it may have been committed after all. May be called
    /// again then.
    void commit(const MongoSession& session);
    /// Nothing of the transaction is left. Does not throw.
    void abort(const MongoSession& session) noexcept;

    mongoc_client_t* handle() noexcept { return client_.get(); }
    /// The error of a failed call: the label and code of `reply`, which may be null.
    MongoError failure(const bson_error_t& error, const bson_t* reply,
                       std::string_view context) const;
    const std::string& name() const noexcept { return name_; }

  private:
    struct Destroy {
        void operator()(mongoc_client_t* c) const noexcept { mongoc_client_destroy(c); }
    };
    void check_write_errors(std::string_view reply, const std::string& database) const;

    std::unique_ptr<mongoc_client_t, Destroy> client_;
    std::string name_;
};

}  // namespace dts
