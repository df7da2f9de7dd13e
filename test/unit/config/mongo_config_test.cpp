// The settings of a MongoDB task, and its positions.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/base/error.hpp"
#include "lib/config/task_config.hpp"
#include "lib/config/url.hpp"
#include "lib/position/mongo_position.hpp"
#include "lib/position/position_codec.hpp"

using namespace dts;
using Catch::Contains;

namespace {

TaskConfig config_of_mongo(std::string_view extractor = {}, std::string_view more = {}) {
    const auto ini = parse_ini(
        "[extractor]\ndb_type=mongo\nextract_type=cdc\n"
        "url=mongodb://u:p%40w@h1:27017,h2:27018/?replicaSet=rs0\n" +
            std::string(extractor) +
            "[sinker]\ndb_type=mongo\nurl=mongodb://v@t:1/?replicaSet=rs1\n" + std::string(more),
        "task1.ini");
    return make_task_config(ini, "task1", nullptr);
}

std::string fault_with(std::string_view extractor, std::string_view more = {}) {
    try {
        config_of_mongo(extractor, more);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::config);
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("mongo settings: what is left out has its default", "[mongo]") {
    const auto config = config_of_mongo();
    CHECK_FALSE(config.extractor.mongo_cdc.follows_oplog);
    CHECK(config.extractor.mongo_cdc.start_timestamp == 0);
    CHECK(config.extractor.endpoint.display_name() == "h1:27017,h2:27018");
    CHECK(config.extractor.endpoint.username == "u");
    CHECK(config.extractor.endpoint.password == "p@w");
    CHECK(config.extractor.endpoint.driver_url ==
          "mongodb://u:p%40w@h1:27017,h2:27018/?replicaSet=rs0");
    CHECK(config.extractor.endpoint.masked_url == "mongodb://u:***@h1:27017,h2:27018/");
    CHECK(config.global.task_id == "task1@h1:27017,h2:27018->t:1");
    CHECK(config.notes.empty());
}

TEST_CASE("mongo settings: a token is taken as JSON or as its text", "[mongo]") {
    const auto token = [](std::string_view text) {
        return config_of_mongo("resume_token=" + std::string(text) + "\n")
            .extractor.mongo_cdc.resume_token;
    };
    CHECK(token("82AB") == R"({"_data":"82AB"})");
    CHECK(token(R"({"_data":"82AB"})") == R"({"_data":"82AB"})");
}

TEST_CASE("mongo settings: what makes no sense is refused by its name", "[mongo]") {
    CHECK_THAT(fault_with("source=op_log\nresume_token=82AB\n"), Contains("resume_token"));
    CHECK_THAT(fault_with("source=both\n"), Contains("op_log, change_stream"));
    CHECK_THAT(fault_with("heartbeat_tb=beats\n"), Contains("is not of the form db.tb"));
    CHECK_THAT(fault_with("ssl_mode=prefer\n"), Contains("ssl_mode"));
    CHECK_THAT(fault_with("url=mysql://u:s3cr3t@h\n"),
               Contains("mongodb://") && !Contains("s3cr3t"));
    CHECK_THAT(fault_with("url=mongodb://u:s3cr3t@\n"),
               Contains("there is no host") && !Contains("s3cr3t"));
    CHECK_THAT(fault_with("", "sink_type=sql\n"), Contains("sql is not for mongo"));
    CHECK_THAT(fault_with("", "[filter]\nignore_cols=json:[]\n"),
               Contains("documents are copied whole"));
    CHECK_THAT(fault_with("", "[router]\ncol_map=json:[]\n"),
               Contains("documents are copied whole"));
}

TEST_CASE("mongo settings: do_ddls names what is applied, and nothing that could not be repeated",
          "[mongo]") {
    const auto items = [](std::string_view list) {
        return config_of_mongo("", fmt::format("[filter]\ndo_ddls={}\n", list))
            .filter.collection_ddls;
    };
    CHECK(items("").empty());
    CHECK(items("drop_table, create_index") ==
          std::vector<std::string>{"drop_table", "create_index"});
    CHECK(items("*").size() == 7);
    const auto fault = [](std::string_view list, std::string_view extractor = {},
                          std::string_view more = {}) {
        return fault_with(extractor, fmt::format("{}[filter]\ndo_ddls={}\n", more, list));
    };
    CHECK_THAT(fault("truncate_table"), Contains("truncate_table is none of mongo's"));
    CHECK_THAT(fault("rename_table"), Contains("add create_table"));
    CHECK_THAT(fault("drop_database"), Contains("add drop_table"));
    constexpr auto never = "[pipeline]\nexactly_once=false\n";
    CHECK_THAT(fault("drop_table", "source=op_log\n", never), Contains("name no exact place"));
    CHECK(fault("drop_table", "source=change_stream\n", never).empty());
}

TEST_CASE("mongo position: the exact place is kept, and not in the logs' form", "[mongo]") {
    const auto codecs = all_codecs();
    const std::string plain = R"({"type":"MongoCdc","resume_token":"","operation_time":1728551829,)"
                              R"("timestamp":"2024-10-10 09:17:09.000"})";
    const std::string exact = plain.substr(0, plain.size() - 1) + R"(,"increment":7})";
    const auto position = codecs.decode(exact);
    const auto& mongo = dynamic_cast<const MongoPosition&>(*position);
    CHECK(mongo.increment == 7);
    CHECK(mongo.to_json() == plain);
    CHECK(mongo.to_exact_json() == exact);
    const auto whole = codecs.decode(plain);
    CHECK(position->compare(*whole) == std::partial_ordering::equivalent);
    auto later = std::make_shared<MongoPosition>(mongo);
    later->increment = 8;
    CHECK(position->compare(*later) == std::partial_ordering::less);
    CHECK_THROWS_AS(codecs.decode(plain.substr(0, plain.size() - 1) + R"(,"increment":0})"), Error);
}
