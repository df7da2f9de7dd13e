#include "lib/client/mongo_error.hpp"

namespace dts {

ErrorKind mongo_error_kind(int server_code) noexcept {
    switch (server_code) {
        case mongo_code::unauthorized:
        case mongo_code::authentication_failed:
        case 31:    // RoleNotFound
        case 8000:  // AtlasError: a refused account
            return ErrorKind::permission;
        case mongo_code::history_lost:
        case mongo_code::change_stream_fatal:
        case mongo_code::invalid_resume_token:
            return ErrorKind::gap;
        case mongo_code::cursor_not_found:
        case mongo_code::capped_position_lost:
        case mongo_code::no_such_transaction:
        case 6:      // HostUnreachable
        case 7:      // HostNotFound
        case 24:     // LockTimeout
        case 46:     // LockBusy
        case 50:     // MaxTimeMSExpired
        case 63:     // StaleShardVersion
        case 64:     // WriteConcernFailed
        case 89:     // NetworkTimeout
        case 91:     // ShutdownInProgress
        case 100:    // UnsatisfiableWriteConcern
        case 112:    // WriteConflict
        case 133:    // FailedToSatisfyReadPreference
        case 134:    // ReadConcernMajorityNotAvailableYet
        case 175:    // QueryPlanKilled
        case 189:    // PrimarySteppedDown
        case 202:    // NetworkInterfaceExceededTimeLimit
        case 225:    // TransactionTooOld
        case 234:    // RetryChangeStream
        case 237:    // CursorKilled
        case 246:    // SnapshotUnavailable
        case 262:    // ExceededTimeLimit
        case 290:    // TransactionExceededLifetimeLimitSeconds
        case 314:    // ObjectIsBusy
        case 317:    // ConnectionPoolExpired
        case 9001:   // SocketException
        case 10058:  // LegacyNotPrimary
        case 10107:  // NotWritablePrimary
        case 11600:  // InterruptedAtShutdown
        case 11601:  // Interrupted
        case 11602:  // InterruptedDueToReplStateChange
        case 13388:  // StaleConfig
        case 13435:  // NotPrimaryNoSecondaryOk
        case 13436:  // NotPrimaryOrSecondary
            return ErrorKind::transient;
        default:
            return ErrorKind::data;
    }
}

bool is_certificate_refusal(std::string_view words) noexcept {
    const auto says = [&](std::string_view text) {
        return words.find(text) != std::string_view::npos;
    };
    return says("certificate verify failed") || says("hostname mismatch") ||
           says("IP address mismatch") || says("Failed certificate verification");
}

std::string mongo_error_hint(ErrorKind kind, int server_code, std::string_view words) {
    if (is_certificate_refusal(words))
        return "ssl_ca_path names the file with the certificate of who has signed the server's; "
               "ssl_mode=verify_ca accepts another host name, require any certificate";
    if (kind != ErrorKind::permission) return {};
    if (server_code == mongo_code::unauthorized)
        return "the account lacks that right: README, \"between two MongoDB\", names those it "
               "needs";
    return "the account or its password is wrong, or it is kept in another database: "
           "authSource=DATABASE in the url names that (usually admin)";
}

}  // namespace dts
