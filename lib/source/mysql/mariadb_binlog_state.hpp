// MariaDB's account of a binlog, as @@gtid_binlog_state and the Gtid_list event in front of a file
// give it: the last transaction of each server in each domain, in no order that says which one came
// last (without gtid_strict_mode that need not be the highest). A position is one with a single
// transaction per domain. Immutable values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dts {

class MariadbBinlogState {
  public:
    /// "0-5-100000,0-6-20000"; spaces around the parts. Throws Error{data}.
    static MariadbBinlogState parse(std::string_view text);

    bool empty() const noexcept { return gtids_.empty(); }
    std::string text() const;

    /// Those of this position (one per domain) that neither the binlog nor what was replicated
    /// has reached: the server was reset.
    MariadbBinlogState not_reached_by(const MariadbBinlogState& binlog,
                                      const MariadbBinlogState& replicated) const;

    /// This is what stood in purged files, and `end` the position behind them: the transactions of
    /// `end` in the domains of which some of that follows the position. A position that does not
    /// stand in those files follows them.
    MariadbBinlogState needed_behind(const MariadbBinlogState& position,
                                     const MariadbBinlogState& end) const;

  private:
    struct Gtid {
        std::uint32_t domain = 0;
        std::uint32_t server = 0;
        std::uint64_t number = 0;
    };

    const Gtid* find(std::uint32_t domain, std::uint32_t server) const noexcept;
    const Gtid* find(std::uint32_t domain) const noexcept;

    std::vector<Gtid> gtids_;
};

}  // namespace dts
