// insert, update, delete, findAndModify: see the manual's pages of these commands.
#include <algorithm>
#include <random>

#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/match.hpp"
#include "test/servers/mongo/path.hpp"
#include "test/servers/mongo/server.hpp"
#include "test/servers/mongo/value_key.hpp"
#include "test/servers/mongo/writer.hpp"

namespace standin {

namespace {

constexpr std::int64_t conflict_wait_milliseconds = 30'000;

Value new_object_id() {
    static std::mt19937_64 random{std::random_device{}()};
    std::string bytes(12, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return Value::object_id(bytes);
}

/// With its _id first, as the server stores it.
Value with_id(const Value& document) {
    const Value* id = document.find("_id");
    if (id != nullptr && (id->is_array() || id->type() == Type::regex)) {
        throw failure(53, "The '_id' value cannot be of type array");
    }
    if (id != nullptr && document.fields().front().name == "_id") return document;
    Value stored = Value::document(std::vector<Field>());
    stored.append("_id", id ? *id : new_object_id());
    for (const auto& field : document.fields()) {
        if (field.name != "_id") stored.append(field.name, field.value);
    }
    return stored;
}

/// What an upsert begins with: the equalities of its filter.
void add_equalities(Value& document, const Value& filter) {
    for (const auto& [name, condition] : filter.fields()) {
        if (name == "$and") {
            for (const auto& one : condition.elements()) add_equalities(document, one);
        } else if (!name.starts_with('$')) {
            const Value* equal =
                is_operator_document(condition) ? condition.find("$eq") : &condition;
            if (equal != nullptr) set_at(document, path_parts(name), *equal);
        }
    }
}

Variables let_of(const Value& holder) {
    Variables let;
    const Value* constants = holder.find("c");
    if (constants == nullptr) constants = holder.find("let");
    if (constants == nullptr || !constants->is_document()) return let;
    for (const auto& field : constants->fields()) let[field.name] = field.value;
    return let;
}

Value run_insert(Server& server, const Request& request, const Value& statement,
                 std::int64_t number) {
    Writer writer(server.engine(), request, number);
    writer.insert(request.ns(), with_id(statement));
    const Value answer{{"n", std::int32_t{1}}};
    writer.finish(answer);
    return answer;
}

Value run_upsert(const Request& request, const Value& filter, const Value& update,
                 const Variables& let, Writer& writer) {
    Value begin = Value::document(std::vector<Field>());
    if (kind_of(update) != UpdateKind::replacement) {
        add_equalities(begin, filter);
    } else if (const Value* id = filter.find("_id"); id && !is_operator_document(*id)) {
        begin.append("_id", *id);
    }
    const Value made = with_id(apply_update(update, begin, let, true).document);
    writer.insert(request.ns(), made);
    return made;
}

Value run_update(Server& server, const Request& request, const Value& statement,
                 std::int64_t number) {
    const Value& filter = *statement.find("q");
    const Value& update = *statement.find("u");
    const bool multi = statement.truthy_of("multi");
    const Variables let = let_of(statement);
    if (multi && kind_of(update) == UpdateKind::replacement) {
        throw failure(code::failed_to_parse,
                      "multi update is not supported for replacement-style update");
    }
    Writer writer(server.engine(), request, number);
    const auto found = writer.view().matching(request.ns(), filter, multi ? 0 : 1);
    std::int32_t modified = 0;
    for (const auto& raw : found) {
        const Value before = parsed(raw);
        const auto updated = apply_update(update, before, let, false);
        if (updated.document.same(before)) continue;
        writer.update(request.ns(), before, updated);
        ++modified;
    }
    Value answer{{"n", static_cast<std::int32_t>(found.size())}, {"nModified", modified}};
    if (found.empty() && statement.truthy_of("upsert")) {
        const Value made = run_upsert(request, filter, update, let, writer);
        answer = Value{{"n", std::int32_t{1}},
                       {"nModified", std::int32_t{0}},
                       {"upserted", Value{{"_id", *made.find("_id")}}}};
    }
    writer.finish(answer);
    return answer;
}

Value run_delete(Server& server, const Request& request, const Value& statement,
                 std::int64_t number) {
    Writer writer(server.engine(), request, number);
    const auto limit = static_cast<std::size_t>(statement.integer_of("limit"));
    const auto found = writer.view().matching(request.ns(), *statement.find("q"), limit);
    for (const auto& raw : found) writer.remove(request.ns(), parsed(raw));
    const Value answer{{"n", static_cast<std::int32_t>(found.size())}};
    writer.finish(answer);
    return answer;
}

using Statement = Value (*)(Server&, const Request&, const Value&, std::int64_t);

/// The statements of a command, one after the other; it goes on where it had to wait.
class Statements {
  public:
    Statements(Server& server, std::shared_ptr<const Request> request, Statement run,
               std::string_view field)
        : server_(server),
          request_(std::move(request)),
          run_(run),
          statements_(request_->documents(field)) {
        const Value* ordered = request_->body.find("ordered");
        ordered_ = ordered == nullptr || ordered->truthy();
        check_namespace(request_->ns());
        if (database_of(request_->ns()) == "local") {
            throw failure(code::bad_value, "nothing but the oplog is kept in local");
        }
    }

    std::optional<Value> attempt(bool last) {
        for (; next_ < statements_.size(); ++next_) {
            if (repeats(next_)) continue;
            try {
                add(run_(server_, *request_, statements_[next_], number_of(next_)), next_);
            } catch (const MustWait&) {
                if (!last) return std::nullopt;
                note(failure(code::write_conflict, "a transaction holds the document"));
                if (ordered_) break;
            } catch (const Failure& error) {
                if (request_->transaction && error.code == code::write_conflict) throw;
                note(error);
                if (request_->transaction) {
                    server_.abort_transaction(*request_);
                    break;
                }
                if (ordered_) break;
            }
        }
        return reply();
    }

  private:
    std::int64_t number_of(std::size_t index) const {
        if (const Value* numbers = request_->body.find("stmtIds")) {
            const Value* number = numbers->find(std::to_string(index));
            if (number != nullptr) return number->integer();
        }
        return request_->body.integer_of("stmtId") + static_cast<std::int64_t>(index);
    }

    /// A retryable write that was done before is answered as it was then.
    bool repeats(std::size_t index) {
        if (!request_->retryable()) return false;
        const auto& answers = server_.engine().sessions().of(request_->session_id()).answers;
        const auto found = answers.find(number_of(index));
        if (found == answers.end()) return false;
        retried_.push_back(static_cast<std::int32_t>(number_of(index)));
        add(found->second, index);
        return true;
    }

    void add(const Value& answer, std::size_t index) {
        n_ += answer.integer_of("n");
        modified_ += answer.integer_of("nModified");
        if (const Value* upserted = answer.find("upserted")) {
            upserted_.push_back(Value{{"index", static_cast<std::int32_t>(index)},
                                      {"_id", *upserted->find("_id")}});
        }
    }

    void note(const Failure& error) {
        errors_.push_back(Value{{"index", static_cast<std::int32_t>(next_)},
                                {"code", static_cast<std::int32_t>(error.code)},
                                {"errmsg", error.what()}});
    }

    Value reply() {
        Value reply{{"n", static_cast<std::int32_t>(n_)}};
        if (request_->command() == "update") {
            reply.append("nModified", static_cast<std::int32_t>(modified_));
        }
        if (!upserted_.empty()) reply.append("upserted", Value::array(std::move(upserted_)));
        if (!errors_.empty()) reply.append("writeErrors", Value::array(std::move(errors_)));
        if (!retried_.empty()) reply.append("retriedStmtIds", Value::array(std::move(retried_)));
        reply.append("ok", 1.0);
        return reply;
    }

    Server& server_;
    std::shared_ptr<const Request> request_;
    Statement run_;
    std::vector<Value> statements_;
    bool ordered_ = true;
    std::size_t next_ = 0;
    std::int64_t n_ = 0, modified_ = 0;
    std::vector<Value> upserted_, errors_, retried_;
};

Handler statements(Statement run, std::string_view field) {
    return [=](Server& server, std::shared_ptr<const Request> request) -> Task {
        auto all = std::make_shared<Statements>(server, std::move(request), run, field);
        return {[all](bool last) { return all->attempt(last); }, conflict_wait_milliseconds};
    };
}

std::optional<Value> find_and_modify(Server& server, const Request& request) {
    const Value& body = request.body;
    if (request.retryable()) {
        const auto& answers = server.engine().sessions().of(request.session_id()).answers;
        if (!answers.empty()) return answers.begin()->second;
    }
    const Value* query = body.find("query");
    const Value filter = query ? *query : Value::document(std::vector<Field>());
    Writer writer(server.engine(), request, 0);
    const auto found = writer.view().matching(request.ns(), filter, 1);
    Value value, last = Value::document(std::vector<Field>());
    const Variables let = let_of(body);
    last.append("n", static_cast<std::int32_t>(found.size()));
    if (body.truthy_of("remove")) {
        if (!found.empty()) writer.remove(request.ns(), value = parsed(found.front()));
    } else if (!found.empty()) {
        const Value before = parsed(found.front());
        const auto updated = apply_update(*body.find("update"), before, let, false);
        if (!updated.document.same(before)) writer.update(request.ns(), before, updated);
        value = body.truthy_of("new") ? updated.document : before;
        last.append("updatedExisting", true);
    } else if (body.truthy_of("upsert")) {
        const Value made = run_upsert(request, filter, *body.find("update"), let, writer);
        if (body.truthy_of("new")) value = made;
        last.set("n", std::int32_t{1});
        last.append("updatedExisting", false);
        last.append("upserted", *made.find("_id"));
    }
    const Value answer{{"lastErrorObject", last}, {"value", value}, {"ok", 1.0}};
    writer.finish(answer);
    return answer;
}

}  // namespace

void add_write_commands(Commands& commands) {
    commands["insert"] = statements(run_insert, "documents");
    commands["update"] = statements(run_update, "updates");
    commands["delete"] = statements(run_delete, "deletes");
    const Handler modify = [](Server& server, std::shared_ptr<const Request> request) -> Task {
        return {[&server, request](bool last) -> std::optional<Value> {
                    try {
                        return find_and_modify(server, *request);
                    } catch (const MustWait&) {
                        if (!last) return std::nullopt;
                        throw failure(code::write_conflict, "a transaction holds the document");
                    }
                },
                conflict_wait_milliseconds};
    };
    commands["findAndModify"] = commands["findandmodify"] = modify;
}

}  // namespace standin
