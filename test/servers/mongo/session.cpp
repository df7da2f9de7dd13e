#include "test/servers/mongo/session.hpp"

namespace standin {

const Transaction* Sessions::owner_of(const std::string& lock) const {
    const auto found = locks_.find(lock);
    return found == locks_.end() ? nullptr : found->second;
}

void Sessions::lock(Transaction& transaction, const std::string& lock) {
    if (transaction.locks.insert(lock).second) locks_[lock] = &transaction;
}

Transaction& Sessions::begin(Session& session, Timestamp snapshot) {
    session.state = Session::State::open;
    session.transaction = std::make_unique<Transaction>();
    session.transaction->snapshot = snapshot;
    ++open_;
    return *session.transaction;
}

void Sessions::end(Session& session, Session::State state) {
    if (session.transaction) {
        for (const auto& lock : session.transaction->locks) locks_.erase(lock);
        session.transaction.reset();
        --open_;
    }
    session.state = state;
}

void Sessions::abort_all() {
    for (auto& [id, session] : sessions_) {
        if (session.transaction) end(session, Session::State::aborted);
    }
}

bool Sessions::abort_older_than(std::int64_t began) {
    bool any = false;
    for (auto& [id, session] : sessions_) {
        if (!session.transaction || session.transaction->began > began) continue;
        end(session, Session::State::aborted);
        any = true;
    }
    return any;
}

std::int64_t Sessions::oldest_begin() const {
    std::int64_t oldest = 0;
    if (open_ == 0) return oldest;
    for (const auto& [id, session] : sessions_) {
        if (!session.transaction) continue;
        const auto began = session.transaction->began;
        if (oldest == 0 || began < oldest) oldest = began;
    }
    return oldest;
}

void Sessions::apply(const Value& mutation) {
    const auto kind = mutation.text_of("k");
    if (kind != "session" && kind != "answer") return;
    Session& session = sessions_[mutation.find("id")->bytes()];
    const auto number = mutation.integer_of("n");
    if (number != session.number) {
        session.number = number;
        session.answers.clear();
        if (!session.transaction) session.state = Session::State::none;
    }
    if (kind == "session") {
        if (!session.transaction) session.state = Session::State::committed;
    } else {
        session.answers[mutation.integer_of("s")] = *mutation.find("r");
    }
}

}  // namespace standin
