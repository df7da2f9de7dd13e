// find, aggregate, count, distinct, getMore, killCursors: see the manual's pages of these commands.
#include <algorithm>

#include "test/servers/mongo/change_stream.hpp"
#include "test/servers/mongo/expression.hpp"
#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/match.hpp"
#include "test/servers/mongo/path.hpp"
#include "test/servers/mongo/server.hpp"
#include "test/servers/mongo/value_key.hpp"
#include "test/servers/mongo/writer.hpp"

namespace standin {

namespace {

constexpr std::int64_t default_wait_milliseconds = 1000;
constexpr std::size_t default_first_batch = 101;

Value document_of(const Value& body, std::string_view name) {
    const Value* found = body.find(name);
    return found ? *found : Value::document(std::vector<Field>());
}

/// The first batch of a new cursor; what is left is found by its number.
Value open_cursor(Server& server, std::unique_ptr<Cursor> cursor, std::size_t batch_size,
                  bool single_batch) {
    Batch batch;
    batch.limit = batch_size;
    const auto ns = cursor->ns();
    const bool fills = batch_size > 0;
    if (fills) cursor->fill(batch);
    const auto token = cursor->resume_token();
    const bool over = cursor->is_over() || (single_batch && fills);
    const auto id = over ? 0 : server.cursors().add(std::move(cursor));
    return cursor_reply("firstBatch", std::move(batch), ns, id, token);
}

void sort_by(std::vector<Value>& documents, const Value& sort) {
    const auto& fields = sort.fields();
    if (fields.empty()) return;
    if (fields.front().name == "$natural") {
        if (fields.front().value.integer() < 0) std::reverse(documents.begin(), documents.end());
        return;
    }
    std::vector<std::pair<std::vector<std::string>, Value>> keyed;
    for (auto& document : documents) {
        std::vector<std::string> keys;
        for (const auto& field : fields) {
            const Value* value = value_at(document, path_parts(field.name));
            keys.push_back(key_of(value ? *value : Value()));
        }
        keyed.emplace_back(std::move(keys), std::move(document));
    }
    std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& left, const auto& right) {
        for (std::size_t index = 0; index < fields.size(); ++index) {
            const int order = left.first[index].compare(right.first[index]);
            if (order != 0) return fields[index].value.integer() < 0 ? order > 0 : order < 0;
        }
        return false;
    });
    documents.clear();
    for (auto& one : keyed) documents.push_back(std::move(one.second));
}

std::vector<Value> oplog_entries(const Oplog& oplog, const Value& filter, std::size_t limit,
                                 bool newest_first) {
    std::vector<Value> found;
    const auto first = first_wanted(oplog, filter);
    const auto count = oplog.end() - first;
    for (std::uint64_t index = 0; index < count; ++index) {
        const auto number = newest_first ? oplog.end() - 1 - index : first + index;
        Value entry = parsed(oplog.at(number).document);
        if (!matches(filter, entry)) continue;
        found.push_back(std::move(entry));
        if (limit > 0 && found.size() == limit) break;
    }
    return found;
}

std::vector<Value> found_documents(Server& server, const Request& request, const std::string& ns,
                                   const Value& filter, const Value& sort, std::size_t limit) {
    if (ns == oplog_ns) {
        const bool backwards = sort.integer_of("$natural") < 0 || sort.integer_of("ts") < 0;
        return oplog_entries(server.engine().oplog(), filter, limit, backwards);
    }
    const View view(server.engine().store(), request.transaction);
    std::vector<Value> found;
    for (const auto& raw : view.matching(ns, filter, sort.size() == 0 ? limit : 0)) {
        found.push_back(parsed(raw));
    }
    sort_by(found, sort);
    return found;
}

Value run_find(Server& server, const Request& request) {
    const Value& body = request.body;
    const auto ns = request.ns();
    const Value filter = document_of(body, "filter"), sort = document_of(body, "sort");
    const auto limit = static_cast<std::size_t>(std::abs(body.integer_of("limit")));
    const auto skip = static_cast<std::size_t>(body.integer_of("skip"));
    auto batch_size = static_cast<std::size_t>(
        body.integer_of("batchSize", static_cast<std::int64_t>(default_first_batch)));
    if (body.truthy_of("tailable")) {
        if (ns != oplog_ns) {
            throw failure(
                code::bad_value,
                "error processing query: tailable cursor requested on non capped collection");
        }
        const bool awaits = body.truthy_of("awaitData");
        return open_cursor(server, std::make_unique<OplogCursor>(server.engine(), filter, awaits),
                           batch_size, false);
    }
    auto found = found_documents(server, request, ns, filter, sort, limit ? limit + skip : 0);
    found.erase(found.begin(),
                found.begin() + static_cast<std::ptrdiff_t>(std::min(skip, found.size())));
    if (limit > 0 && found.size() > limit) found.resize(limit);
    const Value projection = document_of(body, "projection");
    if (projection.size() > 0) {
        for (auto& one : found) one = apply_stage(Value{{"$project", projection}}, one, {});
    }
    return open_cursor(server, std::make_unique<ListCursor>(ns, std::move(found)), batch_size,
                       body.truthy_of("singleBatch"));
}

Value group_all(const Value& specification, std::vector<Value>& documents) {
    Value result{{"_id", Value()}};
    for (const auto& [name, accumulator] : specification.fields()) {
        if (name == "_id") continue;
        if (!accumulator.has("$sum")) throw failure(15952, "unknown group operator");
        std::int64_t total = 0;
        for (const auto& document : documents) {
            const auto one = evaluate(*accumulator.find("$sum"), {{"ROOT", document}});
            total += one ? one->integer() : 0;
        }
        result.append(name, static_cast<std::int32_t>(total));
    }
    return result;
}

void run_stage(const Value& stage, std::vector<Value>& documents) {
    const auto& [name, specification] = stage.fields().front();
    const auto limit_to = [&](std::size_t count) {
        if (documents.size() > count) documents.resize(count);
    };
    if (name == "$match") {
        std::erase_if(documents, [&](const Value& one) { return !matches(specification, one); });
    } else if (name == "$sort") {
        sort_by(documents, specification);
    } else if (name == "$limit") {
        limit_to(static_cast<std::size_t>(specification.integer()));
    } else if (name == "$skip") {
        const auto count =
            std::min(documents.size(), static_cast<std::size_t>(specification.integer()));
        documents.erase(documents.begin(), documents.begin() + static_cast<std::ptrdiff_t>(count));
    } else if (name == "$count") {
        const auto count = static_cast<std::int32_t>(documents.size());
        documents.clear();
        if (count > 0) documents.push_back(Value{{specification.text(), count}});
    } else if (name == "$group") {
        const Value* id = specification.find("_id");
        if (id == nullptr || id->is_text() || id->is_document()) {
            throw failure(40324, "$group is known for all documents together alone");
        }
        if (documents.empty()) return;
        documents = {group_all(specification, documents)};
    } else {
        for (auto& one : documents) one = apply_stage(stage, one, {});
    }
}

Value open_stream(Server& server, const Request& request, const std::vector<Value>& pipeline,
                  std::size_t batch_size) {
    if (request.in_transaction()) {
        throw failure(code::operation_not_supported_in_transaction,
                      "$changeStream cannot be used in a transaction");
    }
    const Value& target = request.body.fields().front().value;
    const Value* specification = pipeline.front().find("$changeStream");
    StreamOptions options;
    options.db = request.db();
    std::string ns = request.db() + ".$cmd.aggregate";
    if (target.is_text()) {
        options.scope = StreamOptions::Scope::collection;
        options.ns = ns = request.ns();
    } else if (!specification->truthy_of("allChangesForCluster")) {
        options.scope = StreamOptions::Scope::database;
    } else if (request.db() != "admin") {
        throw failure(code::bad_value, "allChangesForCluster is for the database admin");
    }
    return open_cursor(server,
                       std::make_unique<ChangeStreamCursor>(server.engine(), ns, options, pipeline),
                       batch_size, false);
}

Value run_aggregate(Server& server, const Request& request) {
    const Value& body = request.body;
    const auto pipeline = document_of(body, "pipeline").elements();
    const Value cursor = document_of(body, "cursor");
    const auto batch_size = static_cast<std::size_t>(
        cursor.integer_of("batchSize", static_cast<std::int64_t>(default_first_batch)));
    if (!pipeline.empty() && pipeline.front().has("$changeStream")) {
        return open_stream(server, request, pipeline, batch_size);
    }
    const auto ns = request.ns();
    const Value none = Value::document(std::vector<Field>());
    const Value* first_match = pipeline.empty() ? nullptr : pipeline.front().find("$match");
    auto documents =
        found_documents(server, request, ns, first_match ? *first_match : none, none, 0);
    for (const auto& stage : pipeline) run_stage(stage, documents);
    return open_cursor(server, std::make_unique<ListCursor>(ns, std::move(documents)), batch_size,
                       false);
}

Value run_count(Server& server, const Request& request) {
    const Value none = Value::document(std::vector<Field>());
    const auto limit = static_cast<std::size_t>(std::abs(request.body.integer_of("limit")));
    const auto found = found_documents(server, request, request.ns(),
                                       document_of(request.body, "query"), none, limit);
    return Value{{"n", static_cast<std::int32_t>(found.size())}, {"ok", 1.0}};
}

std::optional<Value> get_more(Server& server, const Request& request, bool last) {
    const auto id = request.body.fields().front().value.integer();
    Cursor* cursor = server.cursors().find(id);
    if (cursor == nullptr) {
        throw failure(code::cursor_not_found, "cursor id " + std::to_string(id) + " not found");
    }
    Batch batch;
    batch.limit = static_cast<std::size_t>(request.body.integer_of("batchSize"));
    try {
        cursor->fill(batch);
    } catch (const Failure&) {
        server.cursors().remove(id);
        throw;
    }
    if (batch.documents.empty() && cursor->awaits() && !cursor->is_over() && !last) {
        return std::nullopt;
    }
    const auto ns = cursor->ns();
    const auto token = cursor->resume_token();
    const bool over = cursor->is_over();
    if (over) server.cursors().remove(id);
    return cursor_reply("nextBatch", std::move(batch), ns, over ? 0 : id, token);
}

Value kill_cursors(Server& server, const Request& request) {
    Value killed = Value::array({}), unknown = Value::array({});
    for (const auto& id : document_of(request.body, "cursors").elements()) {
        (server.cursors().remove(id.integer()) ? killed : unknown).push(id);
    }
    return Value{{"cursorsKilled", killed},
                 {"cursorsNotFound", unknown},
                 {"cursorsAlive", Value::array({})},
                 {"cursorsUnknown", Value::array({})},
                 {"ok", 1.0}};
}

}  // namespace

void add_read_commands(Commands& commands) {
    commands["find"] = at_once(run_find);
    commands["aggregate"] = at_once(run_aggregate);
    commands["count"] = at_once(run_count);
    commands["killCursors"] = at_once(kill_cursors);
    commands["getMore"] = [](Server& server, std::shared_ptr<const Request> request) -> Task {
        const auto wait = request->body.integer_of("maxTimeMS", default_wait_milliseconds);
        return {[&server, request](bool last) { return get_more(server, *request, last); }, wait};
    };
}

}  // namespace standin
