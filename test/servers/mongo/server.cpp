#include "test/servers/mongo/server.hpp"

#include <algorithm>
#include <array>

#include "test/servers/mongo/failure.hpp"

namespace standin {

namespace {

bool writes(const std::string& command) {
    static constexpr std::array names = {"insert",
                                         "update",
                                         "delete",
                                         "findAndModify",
                                         "create",
                                         "drop",
                                         "dropDatabase",
                                         "createIndexes",
                                         "dropIndexes",
                                         "renameCollection",
                                         "collMod",
                                         "applyOps",
                                         "commitTransaction",
                                         "abortTransaction"};
    return std::find(names.begin(), names.end(), command) != names.end();
}

bool reads(const std::string& command) {
    static constexpr std::array names = {"find",         "aggregate",       "count",
                                         "distinct",     "listCollections", "listIndexes",
                                         "listDatabases"};
    return std::find(names.begin(), names.end(), command) != names.end();
}

}  // namespace

Server::Server(const std::filesystem::path& folder, std::string set_name, std::string address)
    : engine_(folder), set_name_(std::move(set_name)), address_(std::move(address)) {
    add_write_commands(commands_);
    add_read_commands(commands_);
    add_definition_commands(commands_);
    add_transaction_commands(commands_);
    add_admin_commands(commands_);
    add_apply_ops(commands_);
}

Task Server::start(const std::shared_ptr<Request>& request) {
    const auto& command = request->command();
    const auto found = commands_.find(command);
    if (found == commands_.end()) {
        throw failure(code::command_not_found, "no such command: '" + command + "'");
    }
    if (!is_primary()) {
        if (writes(command)) throw failure(code::not_writable_primary, "not primary");
        const Value* preference = request->body.find("$readPreference");
        const bool secondary_ok = preference && preference->text_of("mode", "primary") != "primary";
        if (reads(command) && !secondary_ok) {
            throw failure(code::not_primary_no_secondary_ok, "not primary and secondaryOk=false");
        }
    }
    join_session(*request);
    return found->second(*this, request);
}

void Server::join_session(Request& request) {
    const auto number = request.txn_number();
    const auto id = request.session_id();
    const auto& command = request.command();
    if (number < 0 || id.empty()) return;
    Session& session = engine_.sessions().of(id);
    if (number < session.number) {
        throw failure(code::transaction_too_old,
                      "Cannot start transaction " + std::to_string(number) +
                          " on session because a "
                          "newer transaction " +
                          std::to_string(session.number) + " has already started");
    }
    if (number > session.number) {
        engine_.sessions().end(session, Session::State::none);
        engine_.forget_history();
        session.number = number;
        session.answers.clear();
    }
    if (!request.in_transaction()) return;
    const bool ends = command == "commitTransaction" || command == "abortTransaction";
    if (request.body.truthy_of("startTransaction")) {
        if (session.state != Session::State::none) {
            throw failure(code::conflicting_operation,
                          "a transaction of that number has been started already");
        }
        request.transaction = &engine_.sessions().begin(session, engine_.now());
        request.transaction->began = wall_milliseconds();
    } else if (session.transaction) {
        request.transaction = session.transaction.get();
    } else if (session.state == Session::State::committed && command == "commitTransaction") {
        return;
    } else if (session.state == Session::State::committed) {
        throw failure(code::transaction_committed,
                      "Transaction " + std::to_string(number) + " has been committed.");
    } else {
        throw failure(code::no_such_transaction,
                      "Given transaction number " + std::to_string(number) +
                          " does not match any in-progress transactions.",
                      {"TransientTransactionError"});
    }
    if (!ends && !writes(command) && !reads(command) && command != "getMore" &&
        command != "killCursors") {
        throw failure(code::operation_not_supported_in_transaction,
                      "Cannot run '" + command + "' in a multi-document transaction.");
    }
}

void Server::abort_transaction(const Request& request) {
    if (!request.in_transaction()) return;
    Session& session = engine_.sessions().of(request.session_id());
    if (!session.transaction || session.number != request.txn_number()) return;
    engine_.sessions().end(session, Session::State::aborted);
    engine_.forget_history();
    engine_.note_change();
}

Value Server::failed(const Request& request, const Failure& failure) {
    if (failure.code != code::conflicting_operation && failure.code != code::transaction_too_old) {
        abort_transaction(request);
    }
    Value reply{{"ok", 0.0},
                {"errmsg", failure.what()},
                {"code", static_cast<std::int32_t>(failure.code)},
                {"codeName", failure.name}};
    if (!failure.labels.empty()) {
        Value labels = Value::array({});
        for (const auto& label : failure.labels) labels.push(label);
        reply.append("errorLabels", std::move(labels));
    }
    return finished(std::move(reply));
}

Value Server::finished(Value reply) const {
    const Value signature{{"hash", Value::binary(0, std::string(20, '\0'))},
                          {"keyId", std::int64_t{0}}};
    reply.append("$clusterTime", Value{{"clusterTime", engine_.now()}, {"signature", signature}});
    reply.append("operationTime", engine_.now());
    return reply;
}

bool Server::is_primary() const {
    return primary_again_ == 0;
}

void Server::step_down(std::int64_t milliseconds) {
    primary_again_ = wall_milliseconds() + std::max<std::int64_t>(milliseconds, 1);
    engine_.sessions().abort_all();
    engine_.forget_history();
    engine_.note_change();
}

std::int64_t Server::next_deadline() const {
    std::int64_t next = primary_again_;
    const auto consider = [&](std::int64_t deadline) {
        if (deadline != 0 && (next == 0 || deadline < next)) next = deadline;
    };
    const Settings& settings = engine_.settings();
    if (settings.noop_milliseconds > 0) consider(last_noop_ + settings.noop_milliseconds);
    const auto oldest = engine_.sessions().oldest_begin();
    if (oldest != 0) consider(oldest + settings.transaction_lifetime_milliseconds);
    return next;
}

void Server::on_time() {
    const auto now = wall_milliseconds();
    const Settings& settings = engine_.settings();
    if (primary_again_ != 0 && now >= primary_again_) {
        primary_again_ = 0;
        engine_.next_term();
        engine_.log_noop("new primary");
    }
    if (settings.noop_milliseconds > 0 && now >= last_noop_ + settings.noop_milliseconds) {
        last_noop_ = now;
        engine_.log_noop("periodic noop");
    }
    if (engine_.sessions().abort_older_than(now - settings.transaction_lifetime_milliseconds)) {
        engine_.forget_history();
        engine_.note_change();
    }
}

Handler at_once(std::function<Value(Server&, const Request&)> run) {
    return [run = std::move(run)](Server& server, std::shared_ptr<const Request> request) -> Task {
        return {
            [&server, run, request](bool) -> std::optional<Value> { return run(server, *request); },
            0};
    };
}

}  // namespace standin
