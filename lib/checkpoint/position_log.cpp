#include "lib/checkpoint/position_log.hpp"

#include <fmt/format.h>

#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"
#include "lib/checkpoint/position_reader.hpp"
#include "lib/checkpoint/position_record.hpp"

namespace dts {

namespace {

std::string pair_of(const Position& current, const Position& checkpoint) {
    const auto time = now_us();
    return record_line(time, RecordKind::current, current) +
           record_line(time, RecordKind::checkpoint, checkpoint);
}

bool is_none(const Position& position) noexcept {
    return position.type() == "None";
}

/// Whether the log may simply go on with this position.
bool follows_log(const Position& position, const LogDirectory& directory,
                 const CodecRegistry& codecs) {
    try {
        const auto last = read_position_log(directory.path(), codecs, position.type());
        if (last.position == nullptr) return !last.expected;
        const auto order = position.compare(*last.position);
        return order == std::partial_ordering::equivalent ||
               order == std::partial_ordering::greater;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::checkpoint) throw;
        return false;  // of a type nobody knows: put aside like everything that is not followed
    }
}

}  // namespace

PositionLog::PositionLog(LogDirectory& directory, ChecksummedLogOptions options)
    : log_(directory, std::string(name), std::move(options)), directory_(directory) {}

void PositionLog::start_at(const PositionPtr& position, const CodecRegistry& codecs) {
    const auto pair = pair_of(*position, *position);
    if (follows_log(*position, directory_, codecs))
        log_.append(pair);
    else
        log_.begin_generation(pair);
    last_checkpoint_ = position;
}

void PositionLog::append(const PositionPtr& current, const PositionPtr& checkpoint) {
    if (last_checkpoint_ != nullptr && !is_none(*last_checkpoint_)) {
        const bool back = is_none(*checkpoint) ||
                          checkpoint->compare(*last_checkpoint_) == std::partial_ordering::less;
        if (back)
            throw Error(ErrorKind::bug,
                        fmt::format("the checkpoint would go back from {} to {}",
                                    last_checkpoint_->to_json(), checkpoint->to_json()));
    }
    log_.append(pair_of(*current, *checkpoint));
    last_checkpoint_ = checkpoint;
}

}  // namespace dts
