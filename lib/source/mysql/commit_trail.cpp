#include "lib/source/mysql/commit_trail.hpp"

#include "lib/position/mysql_position.hpp"

namespace dts {

namespace {

PositionPtr make_position(const std::string& file, std::uint64_t offset, std::int64_t time_us,
                          std::string gtid_set) {
    auto position = std::make_shared<MysqlPosition>();
    position->binlog_filename = file;
    position->next_event_position = offset;
    position->gtid_set = std::move(gtid_set);
    position->timestamp_ms = time_us / 1000;
    return position;
}

}  // namespace

void TransactionId::add_to(GtidSet& set) const {
    if (dialect == GtidSet::Dialect::mysql)
        set.add_mysql(uuid, tag, static_cast<std::int64_t>(number));
    if (dialect == GtidSet::Dialect::mariadb) set.add_mariadb(domain, server, number);
}

void MysqlCommitTrail::mark(const FilePlace& end, std::int64_t commit_time_us,
                            const TransactionId& id, bool replace) {
    if (base_ && id.dialect != GtidSet::Dialect::none) gtids_.push_back(id);
    const Mark mark{end.offset, commit_time_us, file_index(end.file),
                    static_cast<std::uint32_t>(gtids_.size())};
    if (replace) {
        marks_.back() = mark;
    } else {
        marks_.push_back(mark);
    }
}

void MysqlCommitTrail::read_up_to(const FilePlace& place, std::int64_t time_us) {
    read_ = place;
    read_time_us_ = time_us;
}

std::shared_ptr<const GtidSet> MysqlCommitTrail::executed() const {
    if (!base_ || gtids_.empty()) return base_;
    auto set = std::make_shared<GtidSet>(*base_);
    for (const auto& gtid : gtids_) gtid.add_to(*set);
    return set;
}

PositionPtr MysqlCommitTrail::after_commit(std::size_t mark) const {
    const Mark& m = marks_.at(mark);
    return make_position(*files_[m.file], m.offset, m.time_us, gtid_text(m.gtid_end));
}

PositionPtr MysqlCommitTrail::last_read() const {
    const auto gtid_end = marks_.empty() ? 0 : marks_.back().gtid_end;
    return make_position(*read_.file, read_.offset, read_time_us_, gtid_text(gtid_end));
}

std::uint32_t MysqlCommitTrail::file_index(const std::shared_ptr<const std::string>& file) {
    if (files_.empty() || files_.back() != file) files_.push_back(file);
    return static_cast<std::uint32_t>(files_.size() - 1);
}

std::string MysqlCommitTrail::gtid_text(std::uint32_t gtid_end) const {
    if (!base_) return {};
    GtidSet set = *base_;
    for (std::uint32_t i = 0; i < gtid_end; ++i) gtids_[i].add_to(set);
    return set.text();
}

}  // namespace dts
