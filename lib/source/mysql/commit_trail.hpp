// The positions of a batch's commit marks, kept as numbers and made into MysqlPosition objects only
// when asked for. GTIDs since the batch's start are kept one by one on top of a set that all
// batches share until it has to move on. Written by the source, immutable once the batch has left
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/change/change_batch.hpp"
#include "lib/position/gtid_set.hpp"

namespace dts {

/// The global id of one transaction, of either dialect; nothing where the server writes none.
struct TransactionId {
    GtidSet::Dialect dialect = GtidSet::Dialect::none;
    Uuid uuid{};               ///< MySQL
    std::string tag;           ///< MySQL; "" but for tagged ones
    std::uint32_t domain = 0;  ///< MariaDB, as the server
    std::uint32_t server = 0;
    std::uint64_t number = 0;

    void add_to(GtidSet& set) const;
};

/// A place in the binlog files.
struct FilePlace {
    std::shared_ptr<const std::string> file;
    std::uint64_t offset = 0;
};

inline bool same_place(const FilePlace& a, const FilePlace& b) {
    return a.offset == b.offset && a.file && b.file && *a.file == *b.file;
}

class MysqlCommitTrail final : public CommitTrail {
  public:
    /// `base`: what was executed before the batch; null where positions are by file and offset.
    MysqlCommitTrail(std::shared_ptr<const GtidSet> base, std::size_t expected_marks)
        : base_(std::move(base)) {
        marks_.reserve(expected_marks);
    }

    /// Records the end of a transaction, or a moved position without one (id without a dialect).
    /// `replace`: the mark recorded last gives way to this one.
    void mark(const FilePlace& end, std::int64_t commit_time_us, const TransactionId& id,
              bool replace);
    /// Where reading stands; call before the batch leaves.
    void read_up_to(const FilePlace& place, std::int64_t time_us);
    /// What was executed up to the last mark: the base of the next batch.
    std::shared_ptr<const GtidSet> executed() const;

    PositionPtr after_commit(std::size_t mark) const override;
    PositionPtr last_read() const override;

  private:
    struct Mark {
        std::uint64_t offset;
        std::int64_t time_us;
        std::uint32_t file;      ///< index in files_
        std::uint32_t gtid_end;  ///< in gtids_
    };

    std::uint32_t file_index(const std::shared_ptr<const std::string>& file);
    std::string gtid_text(std::uint32_t gtid_end) const;

    std::shared_ptr<const GtidSet> base_;
    std::vector<TransactionId> gtids_;
    std::vector<std::shared_ptr<const std::string>> files_;
    std::vector<Mark> marks_;
    FilePlace read_;
    std::int64_t read_time_us_ = 0;
};

}  // namespace dts
