#include "lib/client/mongo_error.hpp"

namespace dts {

ErrorKind mongo_error_kind(int server_code) noexcept {
    switch (server_code) {
        case mongo_code::unauthorized:
        case 18:    // AuthenticationFailed
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

}  // namespace dts
