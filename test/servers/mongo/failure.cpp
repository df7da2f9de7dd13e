#include "test/servers/mongo/failure.hpp"

#include <map>

namespace standin {

std::string failure_name(int number) {
    static const std::map<int, std::string> names = {
        {2, "BadValue"},
        {6, "HostUnreachable"},
        {9, "FailedToParse"},
        {11, "UserNotFound"},
        {13, "Unauthorized"},
        {18, "AuthenticationFailed"},
        {26, "NamespaceNotFound"},
        {27, "IndexNotFound"},
        {28, "PathNotViable"},
        {43, "CursorNotFound"},
        {48, "NamespaceExists"},
        {50, "MaxTimeMSExpired"},
        {59, "CommandNotFound"},
        {66, "ImmutableField"},
        {73, "InvalidNamespace"},
        {85, "IndexOptionsConflict"},
        {91, "ShutdownInProgress"},
        {112, "WriteConflict"},
        {117, "ConflictingOperationInProgress"},
        {133, "FailedToSatisfyReadPreference"},
        {136, "CappedPositionLost"},
        {189, "PrimarySteppedDown"},
        {225, "TransactionTooOld"},
        {234, "RetryChangeStream"},
        {251, "NoSuchTransaction"},
        {256, "TransactionCommitted"},
        {260, "InvalidResumeToken"},
        {262, "ExceededTimeLimit"},
        {263, "OperationNotSupportedInTransaction"},
        {280, "ChangeStreamFatalError"},
        {286, "ChangeStreamHistoryLost"},
        {10107, "NotWritablePrimary"},
        {10334, "BSONObjectTooLarge"},
        {11000, "DuplicateKey"},
        {11600, "InterruptedAtShutdown"},
        {11602, "InterruptedDueToReplStateChange"},
        {13435, "NotPrimaryNoSecondaryOk"},
        {13436, "NotPrimaryOrSecondary"},
    };
    const auto found = names.find(number);
    return found == names.end() ? "Location" + std::to_string(number) : found->second;
}

Failure failure(int number, const std::string& text, std::vector<std::string> labels) {
    return {number, failure_name(number), text, std::move(labels)};
}

}  // namespace standin
