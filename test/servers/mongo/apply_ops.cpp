// applyOps: operations in the oplog's own forms, as the manual's page "applyOps" has it. Each is a
// write by itself here, never one transaction.
#include "test/servers/mongo/diff.hpp"
#include "test/servers/mongo/failure.hpp"
#include "test/servers/mongo/path.hpp"
#include "test/servers/mongo/server.hpp"
#include "test/servers/mongo/value_key.hpp"
#include "test/servers/mongo/writer.hpp"

namespace standin {

namespace {

/// What an entry of op "u" makes of a document.
Updated updated_by(const Value& o, const Value& before) {
    if (const Value* diff = o.find("diff")) {
        return {apply_diff(before, *diff), UpdateKind::pipeline, {}};
    }
    Value modifiers = o;
    modifiers.remove("$v");
    return apply_update(modifiers, before, {}, false);
}

void apply_one(Server& server, const Request& request, const Value& operation) {
    const auto op = operation.text_of("op"), ns = operation.text_of("ns");
    const Value* o = operation.find("o");
    if (op == "n") return;
    if (o == nullptr || (op != "i" && op != "u" && op != "d")) {
        throw failure(code::bad_value, "applyOps knows the operations i, u, d and n");
    }
    Writer writer(server.engine(), request, 0);
    const Value* key = op == "u" ? operation.find("o2") : o;
    const Value* id = key ? key->find("_id") : nullptr;
    if (id == nullptr) throw failure(code::bad_value, "an operation without _id");
    const Raw before = writer.view().find(ns, key_of(*id));
    if (op == "d") {
        if (before) writer.remove(ns, parsed(before));
    } else if (op == "u") {
        if (!before) throw failure(code::bad_value, "an update of a document that is not there");
        const Updated updated = updated_by(*o, parsed(before));
        if (!updated.document.same(parsed(before))) writer.update(ns, parsed(before), updated);
    } else if (before) {
        writer.update(ns, parsed(before), {*o, UpdateKind::replacement, {}});
    } else {
        writer.insert(ns, *o);
    }
    writer.finish(Value());
}

Value apply_ops(Server& server, const Request& request) {
    std::int32_t applied = 0;
    for (const auto& operation : request.documents("applyOps")) {
        apply_one(server, request, operation);
        ++applied;
    }
    return Value{{"applied", applied}, {"ok", 1.0}};
}

}  // namespace

void add_apply_ops(Commands& commands) {
    commands["applyOps"] = [](Server& server, std::shared_ptr<const Request> request) -> Task {
        return {[&server, request](bool) -> std::optional<Value> {
                    try {
                        return apply_ops(server, *request);
                    } catch (const MustWait&) {
                        throw failure(code::write_conflict, "a transaction holds a document");
                    }
                },
                0};
    };
}

}  // namespace standin
