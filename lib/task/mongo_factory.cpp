#include "lib/task/mongo_factory.hpp"

#include <fmt/format.h>

#include <map>

#include "lib/base/error.hpp"
#include "lib/sink/mongo_sink.hpp"
#include "lib/source/mongo/mongo_cdc_source.hpp"
#include "lib/source/mongo/mongo_heartbeat.hpp"
#include "lib/task/endpoints.hpp"

namespace dts {

namespace {

MongoEndpoint mongo_source_endpoint(const TaskConfig& config) {
    const ExtractorConfig& extractor = config.extractor;
    return mongo_endpoint(extractor.endpoint,
                          extractor.app_name.empty() ? config.name : extractor.app_name,
                          extractor.is_direct_connection);
}

/// drop_database needs none: a database is dropped collection by collection.
CollectionCommandKinds collection_commands(const TaskConfig& config) {
    using Kind = CollectionCommand::Kind;
    static const std::map<std::string, Kind> kinds = {
        {"create_table", Kind::create},         {"drop_table", Kind::drop},
        {"rename_table", Kind::rename},         {"alter_table", Kind::modify},
        {"create_index", Kind::create_indexes}, {"drop_index", Kind::drop_indexes}};
    CollectionCommandKinds commands;
    for (const auto& item : config.filter.collection_ddls) {
        if (const auto kind = kinds.find(item); kind != kinds.end()) commands.add(kind->second);
    }
    return commands;
}

}  // namespace

std::unique_ptr<Sink> make_mongo_sink(const TaskConfig& config, const SqlSink::Options& shared,
                                      bool inserts) {
    const SinkerConfig& sinker = config.sinker;
    MongoSink::Options options;
    options.endpoint =
        mongo_endpoint(*sinker.endpoint, sinker.app_name.empty() ? config.name : sinker.app_name,
                       sinker.is_direct_connection);
    options.position = shared.position_table;
    options.checkpoint_in_target = shared.checkpoint_in_target;
    options.rules = {sinker.replace, sinker.replace && inserts};
    if (config.extractor.mongo_cdc.follows_oplog && !collection_commands(config).none()) {
        options.checkpoint_in_target = CheckpointInTarget::required;
        options.required_hint =
            "[filter] do_ddls with source=op_log needs the checkpoint in the target, whose place "
            "is "
            "exact: a replica set (one member is enough) holds it; or set [extractor] "
            "source=change_stream";
    }
    return std::make_unique<MongoSink>(std::move(options));
}

std::unique_ptr<Source> make_mongo_source(const TaskConfig& config, const Filter& filter,
                                          TableSelector selector) {
    const ExtractorConfig& extractor = config.extractor;
    const MongoCdcConfig& cdc = extractor.mongo_cdc;
    const Filter::Scope scope = filter.scope();
    MongoCdcOptions options;
    options.endpoint = mongo_source_endpoint(config);
    options.commands = collection_commands(config);
    options.stream = cdc.follows_oplog ? MongoStream::op_log : MongoStream::change_stream;
    options.scope = {scope.schema, scope.table};
    options.resume_token = cdc.resume_token;
    options.start_timestamp = cdc.start_timestamp;
    options.heartbeat_interval_secs = static_cast<int>(extractor.heartbeat_interval.count());
    if (const auto& table = extractor.heartbeat_table)
        options.heartbeat_tb = table->schema + "." + table->table;
    options.selector = std::move(selector);
    options.batch_changes = std::max<std::size_t>(1, config.pipeline.buffer_changes / 4);
    options.batch_bytes = std::max<std::size_t>(1 << 20, config.pipeline.buffer_bytes / 16);
    return std::make_unique<MongoCdcSource>(std::move(options));
}

HeartbeatConnect mongo_heartbeat(const TaskConfig& config) {
    const auto& table = *config.extractor.heartbeat_table;
    return [options = MongoHeartbeat::Options{mongo_source_endpoint(config), config.name,
                                              table.schema, table.table}] {
        return std::make_unique<MongoHeartbeat>(options);
    };
}

std::shared_ptr<CollectionCommand> routed_command(
    const CollectionCommand& source, const Router& router,
    const std::function<bool(const TableSchema& source)>& shares_target) {
    auto command = std::make_shared<CollectionCommand>(source);
    const auto move = [&](std::string& database, std::string& collection) {
        TableSchema table;
        table.schema = database;
        table.table = collection;
        if (source.takes_away() && shares_target(table))
            throw Error(ErrorKind::data,
                        fmt::format("{} of \"{}\".\"{}\" would change a collection of the target "
                                    "that another one is written to as well",
                                    source.name(), source.database, source.collection),
                        "do by hand what is right there, and leave it out of [filter] do_ddls "
                        "until the task is past it");
        const Route route = router.route(database, collection);
        database = route.schema;
        collection = route.table;
    };
    move(command->database, command->collection);
    if (source.kind == CollectionCommand::Kind::rename)
        move(command->to_database, command->to_collection);
    return command;
}

}  // namespace dts
