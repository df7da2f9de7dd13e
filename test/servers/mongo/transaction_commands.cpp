// commitTransaction, abortTransaction, endSessions, killSessions; see the manual's pages of these
// commands.
#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/server.hpp"

namespace standin {

namespace {

Value applyops_entry(const Request& request, Value o) {
    return Value{{"lsid", *request.body.find("lsid")},
                 {"txnNumber", request.txn_number()},
                 {"op", "c"},
                 {"ns", "admin.$cmd"},
                 {"o", std::move(o)}};
}

/// One entry with all operations, or a chain of entries when there are too many for one.
std::vector<Value> entries_of(const Request& request, std::vector<Value> operations,
                              const Settings& settings) {
    const auto limit = settings.transaction_entry_operations;
    const auto all = static_cast<std::int64_t>(operations.size());
    std::vector<Value> entries;
    Value part = Value::array({});
    const auto end_part = [&](bool last) {
        Value o{{"applyOps", std::move(part)}};
        if (!last) o.append("partialTxn", true);
        if (last && settings.prepare_transactions) o.append("prepare", true);
        if (last && !entries.empty()) o.append("count", all);
        entries.push_back(applyops_entry(request, std::move(o)));
        part = Value::array({});
    };
    for (auto& operation : operations) {
        if (limit > 0 && part.size() == limit) end_part(false);
        part.push(std::move(operation));
    }
    end_part(true);
    if (settings.prepare_transactions) {
        entries.push_back(applyops_entry(request, Value{{"commitTransaction", std::int32_t{1}}}));
    }
    return entries;
}

Value run_commit(Server& server, const Request& request) {
    Engine& engine = server.engine();
    if (request.transaction == nullptr) return done();  // it was committed before
    Transaction& transaction = *request.transaction;
    Change change;
    if (!transaction.operations.empty()) {
        change.entries = entries_of(request, std::move(transaction.operations), engine.settings());
        change.chained = true;
    }
    change.mutations = std::move(transaction.mutations);
    change.mutations.push_back(Value{{"k", "session"},
                                     {"id", *request.body.find("lsid")->find("id")},
                                     {"n", request.txn_number()}});
    engine.commit(std::move(change));
    engine.sessions().end(engine.sessions().of(request.session_id()), Session::State::committed);
    engine.forget_history();
    return done();
}

Value run_abort(Server& server, const Request& request) {
    server.abort_transaction(request);
    return done();
}

Value end_sessions(Server& server, const Request& request) {
    for (const auto& lsid : request.documents(request.command())) {
        const Value* id = lsid.find("id");
        if (id == nullptr) continue;
        Session& session = server.engine().sessions().of(id->bytes());
        if (session.transaction) {
            server.engine().sessions().end(session, Session::State::aborted);
        }
    }
    server.engine().forget_history();
    server.engine().note_change();
    return done();
}

}  // namespace

void add_transaction_commands(Commands& commands) {
    commands["commitTransaction"] = at_once(run_commit);
    commands["abortTransaction"] = at_once(run_abort);
    commands["endSessions"] = commands["killSessions"] = at_once(end_sessions);
}

}  // namespace standin
