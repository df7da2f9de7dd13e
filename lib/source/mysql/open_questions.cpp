#include "lib/source/mysql/open_questions.hpp"

namespace dts {

void OpenQuestions::interrupt() noexcept {
    std::lock_guard lock(mutex_);
    interrupted_ = true;
    for (MysqlConnection* connection : connections_) connection->interrupt();
}

void OpenQuestions::add(MysqlConnection& connection) {
    std::lock_guard lock(mutex_);
    if (interrupted_) throw Error(ErrorKind::transient, "asking the source was interrupted");
    connections_.push_back(&connection);
}

void OpenQuestions::remove(MysqlConnection& connection) noexcept {
    std::lock_guard lock(mutex_);
    std::erase(connections_, &connection);
}

AskedConnection::AskedConnection(const MysqlEndpoint& endpoint, OpenQuestions& questions)
    : MysqlConnection(endpoint), questions_(questions) {
    questions_.add(*this);
}

}  // namespace dts
