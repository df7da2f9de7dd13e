// The stand-in for MongoDB itself: what the tests of the MongoDB source and sink stand on.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "test/integration/mongo_client.hpp"
#include "test/servers/mongo_server.hpp"
#include "test/servers/temp_folder.hpp"

using namespace dts::test;
using Catch::Contains;

namespace {

using Texts = std::vector<std::string>;

std::string cluster_stream(const std::string& options = "") {
    return "{'aggregate': 1, 'pipeline': [{'$changeStream': {'allChangesForCluster': true" +
           options + "}}], 'cursor': {}}";
}

CommandReply get_more(const MongoTestClient& client, std::string_view db, std::int64_t cursor,
                      std::string_view collection, int wait_milliseconds = 2000) {
    return client.try_run(db, fmt::format("{{'getMore': {{'$numberLong': '{}'}}, 'collection': "
                                          "'{}', 'maxTimeMS': {}}}",
                                          cursor, collection, wait_milliseconds));
}

std::string in_transaction(unsigned char session, int number, bool starts) {
    return fmt::format("'lsid': {}, 'txnNumber': {{'$numberLong': '{}'}}, 'autocommit': false{}",
                       lsid(session), number, starts ? ", 'startTransaction': true" : "");
}

Texts types_of(const CommandReply& reply) {
    Texts types;
    for (const auto& event : reply.batch()) types.push_back(at(*bson(event), "operationType"));
    return types;
}

}  // namespace

TEST_CASE("mongo stand-in: documents are written, changed and found", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 2, 'b': [1, 2]}, {'_id': 1}]}");
    const auto reply = client.run("d",
                                  "{'update': 'c', 'updates': [{'q': {'_id': 2}, 'u': {'$set': "
                                  "{'x.y': 1}, '$push': {'b': 3}}},"
                                  " {'q': {'_id': 3}, 'u': {'a': 1}, 'upsert': true}]}");
    CHECK(at(*reply.document, "n") == "2");
    CHECK(at(*reply.document, "nModified") == "1");
    CHECK(client.all("d", "c") == Texts{R"({ "_id" : 1 })",
                                        R"({ "_id" : 2, "b" : [ 1, 2, 3 ], "x" : { "y" : 1 } })",
                                        R"({ "_id" : 3, "a" : 1 })"});
    client.run("d", "{'delete': 'c', 'deletes': [{'q': {'_id': {'$gte': 2}}, 'limit': 0}]}");
    CHECK(client.all("d", "c") == Texts{R"({ "_id" : 1 })"});
    CHECK(at(*client.run("d", "{'count': 'c', 'query': {}}").document, "n") == "1");
}

TEST_CASE("mongo stand-in: numbers of different types are one key", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 1}]}");
    const auto again =
        client.try_run("d", "{'insert': 'c', 'documents': [{'_id': {'$numberDouble': '1.0'}}]}");
    CHECK(at(*again.document, "writeErrors.0.code") == "11000");
    CHECK(
        client.run("d", "{'find': 'c', 'filter': {'_id': {'$numberLong': '1'}}}").batch().size() ==
        1);
}

TEST_CASE("mongo stand-in: a unique index refuses a second document", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    client.run("d",
               "{'createIndexes': 'c', 'indexes': [{'key': {'u': 1}, 'name': 'u_1', 'unique': "
               "true}]}");
    const auto reply = client.try_run(
        "d",
        "{'insert': 'c', 'ordered': false, 'documents': [{'_id': 1, 'u': 1}, {'_id': 2, 'u': 1},"
        " {'_id': 3, 'u': 2}]}");
    CHECK(at(*reply.document, "n") == "2");
    CHECK(at(*reply.document, "writeErrors.0.index") == "1");
    CHECK(at(*reply.document, "writeErrors.0.code") == "11000");
}

TEST_CASE("mongo stand-in: what was acknowledged is there after a kill", "[mongo]") {
    MongoServer server;
    {
        const MongoTestClient client(server.url());
        client.run("d", "{'insert': 'c', 'documents': [{'_id': 1}, {'_id': 2}]}");
        client.run("d", "{'delete': 'c', 'deletes': [{'q': {'_id': 1}, 'limit': 1}]}");
    }
    const auto oplog_of = [&] {
        return MongoTestClient(server.url()).run("local", "{'find': 'oplog.rs'}").batch();
    };
    const auto before = oplog_of();
    server.kill();
    server.start();
    CHECK(MongoTestClient(server.url()).all("d", "c") == Texts{R"({ "_id" : 2 })"});
    CHECK(oplog_of() == before);
    server.restart();
    CHECK(oplog_of() == before);
}

TEST_CASE("mongo stand-in: the oplog tells of writes, and its tail waits for more", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url()), writer(server.url());
    writer.run("d", "{'insert': 'c', 'documents': [{'_id': 1, 'a': [1]}]}");
    const auto opened = client.run(
        "local",
        "{'find': 'oplog.rs', 'filter': {'ns': 'd.c'}, 'tailable': true, 'awaitData': true}");
    REQUIRE(opened.batch().size() == 1);
    CHECK_THAT(opened.batch()[0], Contains(R"("op" : "i")"));
    writer.run("d", "{'update': 'c', 'updates': [{'q': {'_id': 1}, 'u': {'$push': {'a': 2}}}]}");
    const auto more = get_more(client, "local", opened.cursor(), "oplog.rs");
    REQUIRE(more.batch().size() == 1);
    CHECK(at(*bson(more.batch()[0]), "o") ==
          R"({ "$v" : 2, "diff" : { "sa" : { "a" : true, "u1" : 2 } } })");
    CHECK(get_more(client, "local", opened.cursor(), "oplog.rs", 20).batch().empty());
    writer.run("admin", "{'standin': 1, 'oplogVersion': 1}");
    writer.run("d", "{'update': 'c', 'updates': [{'q': {'_id': 1}, 'u': {'$set': {'b': 2}}}]}");
    CHECK(at(*bson(get_more(client, "local", opened.cursor(), "oplog.rs").batch().at(0)), "o") ==
          R"({ "$v" : 1, "$set" : { "b" : 2 } })");
}

TEST_CASE("mongo stand-in: a tail that the oplog was cut beyond is lost", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    const auto opened = client.run("local", "{'find': 'oplog.rs', 'tailable': true}");
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 1}, {'_id': 2}, {'_id': 3}]}");
    client.run("admin", "{'standin': 1, 'cutOplog': 1}");
    CHECK(get_more(client, "local", opened.cursor(), "oplog.rs").code == 136);
    CHECK(get_more(client, "local", opened.cursor(), "oplog.rs").code == 43);
}

TEST_CASE("mongo stand-in: a change stream goes on behind any of its tokens", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url()), writer(server.url());
    const auto opened = client.run("admin", cluster_stream());
    writer.run("d", "{'insert': 'c', 'documents': [{'_id': 1}, {'_id': 2}]}");
    writer.run("d",
               "{'update': 'c', 'updates': [{'q': {'_id': 1}, 'u': {'$set': {'a': 1}}},"
               " {'q': {'_id': 2}, 'u': {'b': 1}}]}");
    writer.run("d", "{'delete': 'c', 'deletes': [{'q': {'_id': 1}, 'limit': 1}]}");
    const auto events = get_more(client, "admin", opened.cursor(), "$cmd.aggregate");
    CHECK(types_of(events) == Texts{"insert", "insert", "update", "replace", "delete"});
    const auto all = events.batch();
    for (std::size_t index = 0; index < all.size(); ++index) {
        const auto token = at(*bson(all[index]), "_id");
        const auto rest = client.run("admin", cluster_stream(", 'resumeAfter': " + token)).batch();
        CHECK(rest == Texts(all.begin() + static_cast<std::ptrdiff_t>(index) + 1, all.end()));
    }
    const auto time = at(*bson(all[1]), "clusterTime");
    const auto since = client.run("admin", cluster_stream(", 'startAtOperationTime': " + time));
    CHECK(since.batch() == Texts(all.begin() + 1, all.end()));

    server.kill();
    server.start();
    const auto token = at(*bson(all[2]), "_id");
    CHECK(MongoTestClient(server.url())
              .run("admin", cluster_stream(", 'resumeAfter': " + token))
              .batch() == Texts(all.begin() + 3, all.end()));
}

TEST_CASE("mongo stand-in: a token moves on without events", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    const auto opened = client.run("d",
                                   "{'aggregate': 'c', 'pipeline': [{'$changeStream': {}}], "
                                   "'cursor': {}}");
    client.run("d", "{'insert': 'other', 'documents': [{'_id': 1}]}");
    const auto more = get_more(client, "d", opened.cursor(), "c", 20);
    CHECK(more.batch().empty());
    CHECK(more.resume_token() > opened.resume_token());
}

TEST_CASE("mongo stand-in: a dropped collection ends its stream; startAfter goes on", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    const std::string open = "{'aggregate': 'c', 'cursor': {}, 'pipeline': [{'$changeStream': ";
    const auto opened = client.run("d", open + "{}}]}");
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 1}]}");
    client.run("d", "{'drop': 'c'}");
    const auto events = get_more(client, "d", opened.cursor(), "c");
    CHECK(types_of(events) == Texts{"insert", "drop", "invalidate"});
    CHECK(events.cursor() == 0);
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 2}]}");
    const auto token = at(*bson(events.batch()[2]), "_id");
    CHECK(client.try_run("d", open + "{'resumeAfter': " + token + "}}]}").code == 260);
    CHECK(types_of(client.run("d", open + "{'startAfter': " + token + "}}]}")) == Texts{"insert"});
}

TEST_CASE("mongo stand-in: a stream cannot begin before the oplog does", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    const auto token = client.run("admin", cluster_stream()).resume_token();
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 1}, {'_id': 2}, {'_id': 3}]}");
    CHECK(client.run("admin", cluster_stream(", 'resumeAfter': " + token)).batch().size() == 3);
    client.run("admin", "{'standin': 1, 'cutOplog': 1}");
    CHECK(client.try_run("admin", cluster_stream(", 'resumeAfter': " + token)).code == 286);
    CHECK(client.try_run("admin", cluster_stream(", 'resumeAfter': {'_data': 'xyz'}")).code ==
          40647);
}

TEST_CASE("mongo stand-in: definitions are told of where they are asked for", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    const auto expanded = client.run("admin", cluster_stream(", 'showExpandedEvents': true"));
    const auto plain = client.run("admin", cluster_stream());
    client.run("d", "{'create': 'c'}");
    client.run("d", "{'createIndexes': 'c', 'indexes': [{'key': {'a': 1}, 'name': 'a_1'}]}");
    client.run("d", "{'dropIndexes': 'c', 'index': 'a_1'}");
    client.run("admin", "{'renameCollection': 'd.c', 'to': 'd.e'}");
    client.run("d", "{'dropDatabase': 1}");
    CHECK(types_of(get_more(client, "admin", expanded.cursor(), "$cmd.aggregate")) ==
          Texts{"create", "createIndexes", "dropIndexes", "rename", "drop", "dropDatabase"});
    CHECK(types_of(get_more(client, "admin", plain.cursor(), "$cmd.aggregate")) ==
          Texts{"rename", "drop", "dropDatabase"});
}

TEST_CASE("mongo stand-in: an event that is too large comes in fragments", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    client.run("admin", "{'standin': 1, 'maxEventBytes': 600}");
    const std::string open =
        "{'aggregate': 'c', 'cursor': {}, 'pipeline': [{'$changeStream': {'fullDocument': "
        "'updateLookup'}}";
    const auto plain = client.run("d", open + "]}");
    const auto split = client.run("d", open + ", {'$changeStreamSplitLargeEvent': {}}]}");
    client.run("d", fmt::format("{{'insert': 'c', 'documents': [{{'_id': 1, 'a': '{}'}}]}}",
                                std::string(500, 'x')));
    CHECK(get_more(client, "d", plain.cursor(), "c").code == 10334);
    const auto fragments = get_more(client, "d", split.cursor(), "c").batch();
    REQUIRE(fragments.size() == 2);
    CHECK(at(*bson(fragments[0]), "splitEvent") == R"({ "fragment" : 1, "of" : 2 })");
    CHECK(at(*bson(fragments[0]), "operationType") == "insert");
    CHECK(at(*bson(fragments[1]), "fullDocument._id") == "1");
}

TEST_CASE("mongo stand-in: a transaction is seen when it is committed, as a whole", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url()), other(server.url());
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 0}]}");
    const auto stream = other.run("admin", cluster_stream());
    client.run("d",
               "{'insert': 'c', 'documents': [{'_id': 1}], " + in_transaction(1, 1, true) + "}");
    client.run("d", "{'delete': 'c', 'deletes': [{'q': {'_id': 0}, 'limit': 1}], " +
                        in_transaction(1, 1, false) + "}");
    CHECK(other.all("d", "c") == Texts{R"({ "_id" : 0 })"});
    const auto inside = client.run("d", "{'find': 'c', " + in_transaction(1, 1, false) + "}");
    CHECK(inside.batch() == Texts{R"({ "_id" : 1 })"});

    const auto commit = "{'commitTransaction': 1, " + in_transaction(1, 1, false) + "}";
    client.run("admin", commit);
    client.run("admin", commit);  // again: it is committed
    CHECK(other.all("d", "c") == Texts{R"({ "_id" : 1 })"});
    const auto events = get_more(other, "admin", stream.cursor(), "$cmd.aggregate").batch();
    REQUIRE(events.size() == 2);
    CHECK(at(*bson(events[0]), "clusterTime") == at(*bson(events[1]), "clusterTime"));
    CHECK(at(*bson(events[0]), "txnNumber") == "1");
    const auto rest =
        other.run("admin", cluster_stream(", 'resumeAfter': " + at(*bson(events[0]), "_id")));
    CHECK(rest.batch() == Texts{events[1]});

    server.kill();
    server.start();
    CHECK(MongoTestClient(server.url()).try_run("admin", commit).ok);
}

TEST_CASE("mongo stand-in: a large transaction is a chain of entries", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    client.run("d", "{'create': 'c'}");
    const bool prepares = GENERATE(false, true);
    client.run("admin", fmt::format("{{'standin': 1, 'transactionEntryOperations': 2, "
                                    "'prepareTransactions': {}}}",
                                    prepares));
    const auto stream = client.run("admin", cluster_stream());
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 1}, {'_id': 2}, {'_id': 3}], " +
                        in_transaction(1, 1, true) + "}");
    client.run("admin", "{'commitTransaction': 1, " + in_transaction(1, 1, false) + "}");
    const auto entries =
        client.run("local", "{'find': 'oplog.rs', 'filter': {'ns': 'admin.$cmd'}}").batch();
    REQUIRE(entries.size() == (prepares ? 3 : 2));
    CHECK(at(*bson(entries[0]), "o.partialTxn") == "true");
    CHECK(at(*bson(entries[1]), "prevOpTime.ts") == at(*bson(entries[0]), "ts"));
    const auto events = get_more(client, "admin", stream.cursor(), "$cmd.aggregate");
    REQUIRE(types_of(events) == Texts{"insert", "insert", "insert"});
    CHECK(at(*bson(events.batch()[0]), "clusterTime") == at(*bson(entries.back()), "ts"));
}

TEST_CASE("mongo stand-in: of two transactions that write one document, one has to try again",
          "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    client.run("d", "{'insert': 'c', 'documents': [{'_id': 1, 'n': 0}]}");
    const std::string increment =
        "{'update': 'c', 'updates': [{'q': {'_id': 1}, 'u': {'$inc': {'n': 1}}}], ";
    client.run("d", increment + in_transaction(1, 1, true) + "}");
    const auto second = client.try_run("d", increment + in_transaction(2, 1, true) + "}");
    CHECK(second.code == 112);
    CHECK(second.has_label("TransientTransactionError"));
    const auto lost =
        client.try_run("admin", "{'commitTransaction': 1, " + in_transaction(2, 1, false) + "}");
    CHECK(lost.code == 251);
    client.run("admin", "{'abortTransaction': 1, " + in_transaction(1, 1, false) + "}");
    CHECK(client.all("d", "c") == Texts{R"({ "_id" : 1, "n" : 0 })"});

    // A snapshot that is older than the document's last change.
    client.run("d", "{'find': 'c', " + in_transaction(3, 1, true) + "}");
    client.run("d", "{'update': 'c', 'updates': [{'q': {'_id': 1}, 'u': {'$inc': {'n': 1}}}]}");
    CHECK(client.run("d", "{'find': 'c', " + in_transaction(3, 1, false) + "}").batch() ==
          Texts{R"({ "_id" : 1, "n" : 0 })"});
    CHECK(client.try_run("d", increment + in_transaction(3, 1, false) + "}").code == 112);
}

TEST_CASE("mongo stand-in: an open transaction is gone after a kill", "[mongo]") {
    MongoServer server;
    MongoTestClient(server.url())
        .run("d", "{'insert': 'c', 'documents': [{'_id': 1}], " + in_transaction(1, 1, true) + "}");
    server.kill();
    server.start();
    const MongoTestClient client(server.url());
    CHECK(client.all("d", "c").empty());
    const auto commit =
        client.try_run("admin", "{'commitTransaction': 1, " + in_transaction(1, 1, false) + "}");
    CHECK(commit.code == 251);
}

TEST_CASE("mongo stand-in: a write that is sent again is done once", "[mongo]") {
    MongoServer server;
    const std::string increment =
        "{'update': 'c', 'updates': [{'q': {'_id': 1}, 'u': {'$inc': {'n': 1}}}], 'lsid': " +
        lsid(1) + ", 'txnNumber': {'$numberLong': '1'}}";
    {
        const MongoTestClient client(server.url());
        client.run("d", "{'insert': 'c', 'documents': [{'_id': 1, 'n': 0}]}");
        client.run("d", increment);
        CHECK(at(*client.run("d", increment).document, "nModified") == "1");
        CHECK(client.all("d", "c") == Texts{R"({ "_id" : 1, "n" : 1 })"});
    }
    server.kill();
    server.start();
    const MongoTestClient client(server.url());
    client.run("d", increment);
    CHECK(client.all("d", "c") == Texts{R"({ "_id" : 1, "n" : 1 })"});
}

TEST_CASE("mongo stand-in: faults come when they are asked for", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    const auto fault = [&](std::string_view data) {
        client.run("admin", fmt::format("{{'configureFailPoint': 'failCommand', 'mode': {{'times': "
                                        "1}}, 'data': {{{}}}}}",
                                        data));
    };
    const auto stream = client.run("admin", cluster_stream());
    fault("'failCommands': ['getMore'], 'errorCode': 189");
    CHECK(get_more(client, "admin", stream.cursor(), "$cmd.aggregate").code == 189);
    CHECK(get_more(client, "admin", stream.cursor(), "$cmd.aggregate", 20).ok);

    fault("'failCommands': ['insert'], 'closeUnanswered': true");
    CHECK_FALSE(client.try_run("d", "{'insert': 'c', 'documents': [{'_id': 1}]}").ok);
    CHECK(MongoTestClient(server.url()).all("d", "c").size() == 1);

    const MongoTestClient dying(server.url());
    dying.run("admin",
              "{'configureFailPoint': 'failCommand', 'mode': {'times': 1}, 'data': "
              "{'failCommands': ['insert'], 'dieUnanswered': true}}");
    CHECK_FALSE(dying.try_run("d", "{'insert': 'c', 'documents': [{'_id': 2}]}").ok);
    server.await_end();
    server.start();
    CHECK(MongoTestClient(server.url()).all("d", "c").size() == 2);
}

TEST_CASE("mongo stand-in: a primary that steps down takes no writes for a while", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    client.run("admin", "{'standin': 1, 'stepDownMS': 300}");
    const auto refused = client.try_run("d", "{'insert': 'c', 'documents': [{'_id': 1}]}");
    CHECK_FALSE(refused.ok);
    // The driver looks for a primary until there is one again.
    const MongoTestClient later(server.url() + "&serverSelectionTryOnce=false");
    CHECK(later.run("d", "{'insert': 'c', 'documents': [{'_id': 1}]}").ok);
}

// The vectors are written from MongoDB's documents, not from the stand-in: it has to agree with
// them.
TEST_CASE("mongo stand-in: the oplog's forms of an update do what they say", "[mongo]") {
    MongoServer server;
    const MongoTestClient client(server.url());
    const std::string file = read_file("test/data/mongo/oplog_updates.json");
    bson_error_t error;
    const BsonPtr vectors(bson_new_from_json(reinterpret_cast<const std::uint8_t*>(file.data()),
                                             static_cast<ssize_t>(file.size()), &error));
    REQUIRE(vectors);
    int cases = 0;
    for (; !at(*vectors, fmt::format("cases.{}.name", cases).c_str()).empty(); ++cases) {
        const auto part = [&](const char* name) {
            return exact_at(*vectors, fmt::format("cases.{}.{}", cases, name).c_str());
        };
        INFO(part("name"));
        const std::string collection = fmt::format("c{}", cases);
        const std::string id =
            exact_at(*vectors, fmt::format("cases.{}.before._id", cases).c_str());
        client.run(
            "d", fmt::format("{{'insert': '{}', 'documents': [{}]}}", collection, part("before")));
        client.run("admin", fmt::format("{{'applyOps': [{{'op': 'u', 'ns': 'd.{}', 'o': {}, 'o2': "
                                        "{{'_id': {}}}}}]}}",
                                        collection, part("o"), id));
        CHECK(client.all("d", collection) ==
              Texts{at(*vectors, fmt::format("cases.{}.after", cases).c_str())});
    }
    CHECK(cases > 30);
}
