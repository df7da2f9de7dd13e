#include "test/servers/native_subscription.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace dts::test {

NativeSubscription::NativeSubscription(PostgresServer& source, PostgresServer& subscriber,
                                       const std::string& publication, const std::string& slot)
    : source_(source), subscriber_(subscriber), slot_(slot) {
    subscriber_.run(fmt::format(
        "CREATE SUBSCRIPTION native CONNECTION 'host=127.0.0.1 port={} dbname={} user={} "
        "password={}' PUBLICATION {} WITH (enabled=false, create_slot=false, slot_name='{}', "
        "copy_data=false)",
        source.port(), PostgresServer::database, PostgresServer::username, PostgresServer::password,
        publication, slot));
}

NativeSubscription::~NativeSubscription() {
    try {
        stop();
        subscriber_.run("ALTER SUBSCRIPTION native SET (slot_name=NONE)");
        subscriber_.run("DROP SUBSCRIPTION native");
    } catch (const std::exception&) {
        // The servers go with the test.
    }
}

void NativeSubscription::start() {
    subscriber_.run("ALTER SUBSCRIPTION native ENABLE");
}

void NativeSubscription::stop() {
    subscriber_.run("ALTER SUBSCRIPTION native DISABLE");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    const auto query =
        fmt::format("SELECT active FROM pg_replication_slots WHERE slot_name='{}'", slot_);
    while (source_.scalar(query) == "t") {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("the native subscription does not leave its slot");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

}  // namespace dts::test
