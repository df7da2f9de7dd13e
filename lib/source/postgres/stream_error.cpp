#include "lib/source/postgres/stream_error.hpp"

#include <fmt/format.h>

namespace dts {

namespace {

constexpr const char* gap_hint =
    "what the slot held is lost: copy the tables anew, and start with an empty log directory; a "
    "new "
    "slot does not hold what lies between";

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

StreamVerdict judge_stream_error(std::string_view sqlstate, std::string_view message,
                                 std::string_view slot, std::string_view publication) {
    if (sqlstate == "42704" && has(message, "publication")) {
        return {ErrorKind::gap,
                fmt::format("publication {} did not exist when a change was written: what was "
                            "written without it cannot be read from slot {}; {}",
                            publication, slot, gap_hint)};
    }
    if (sqlstate == "42704") return {ErrorKind::gap, gap_hint};
    if (has(message, "was not created in this database")) {
        return {ErrorKind::config, "name the slot's database in the url, or another slot"};
    }
    // Some other file of the server's than the log: its packages are being exchanged, say.
    if (sqlstate == "58P01" && has(message, "\"") && !has(message, "pg_wal")) {
        return {ErrorKind::transient, ""};
    }
    // By the state, since the words may be in any language: a slot that can not be read any more,
    // or whose log is gone.
    if (sqlstate == "55000" || sqlstate == "58P01" || has(message, "has already been removed")) {
        return {ErrorKind::gap, gap_hint};
    }
    if (sqlstate.empty()) return {ErrorKind::transient, ""};
    // In the middle of the stream the server's own faults (a full disk, a crash) may pass.
    if (is_server_fault(sqlstate)) return {ErrorKind::transient, ""};
    return {postgres_error_kind(sqlstate), ""};
}

Error stream_error(const CopyRefusal& refusal, std::string_view slot,
                   std::string_view publication) {
    auto verdict = judge_stream_error(refusal.sqlstate, refusal.message, slot, publication);
    const std::string text = refusal.text + fmt::format(" (replication slot {})", slot);
    return {verdict.kind, text, verdict.hint.empty() ? refusal.hint : verdict.hint};
}

}  // namespace dts
