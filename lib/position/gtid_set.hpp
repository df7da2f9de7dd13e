// The transactions a server or a task has seen, in either dialect: MySQL's sets of intervals
// (uuid:1-5:7, tagged from 8.3 on: uuid:1-5:tag:1-3) and MariaDB's last transaction per domain
// (0-101-3,1-102-7). Intervals are kept as they are: a gap is never closed by taking the maximum.
// A value type; an empty set has no dialect and goes with both. One thread at a time.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dts {

using Uuid = std::array<std::byte, 16>;

/// "9663a096-8adc-11ef-b617-0242ac110002"
std::string uuid_text(const Uuid& uuid);

class GtidSet {
  public:
    enum class Dialect : std::uint8_t { none, mysql, mariadb };

    /// Takes what the servers print: spaces and line breaks between the parts, upper-case hex.
    /// Throws Error{data} for anything else, mixed dialects, or a MariaDB domain named twice.
    static GtidSet parse(std::string_view text);

    /// Canonical: sorted, merged, lower case, no spaces. Parses back to an equal set.
    std::string text() const;

    Dialect dialect() const noexcept;
    bool empty() const noexcept { return sources_.empty() && domains_.empty(); }

    /// Adds one transaction: "uuid:7", "uuid:tag:7" or "0-101-3". Throws Error{data}.
    void add(std::string_view gtid);

    /// The same without text; constant time where numbers of one source come in order. The tag is
    /// lower case, empty for none. Throws Error{data} on a number out of range.
    void add_mysql(const Uuid& uuid, std::string_view tag, std::int64_t number);

    /// The last transaction of a domain is its position, even when its number is below the one
    /// before: without gtid_strict_mode the servers of a domain need not agree on their numbers.
    void add_mariadb(std::uint32_t domain, std::uint32_t server, std::uint64_t sequence);

    /// Whether every transaction of the other set is in this one. Of a MariaDB domain only the
    /// numbers of one server can be compared: false where two servers wrote the last ones.
    bool contains(const GtidSet& other) const noexcept;

    /// Adds what the other holds; of a MariaDB domain the higher number stays, for nobody says
    /// which came last. Throws Error{data} on different dialects.
    void unite(const GtidSet& other);

    /// Removes what the other holds: what is left is what the other lacks. For MariaDB: the domains
    /// in which this set is ahead. Throws Error{data} on different dialects.
    void subtract(const GtidSet& other);

    /// By inclusion; unordered when each has what the other lacks.
    std::partial_ordering compare(const GtidSet& other) const noexcept;
    bool operator==(const GtidSet& other) const noexcept {
        return sources_ == other.sources_ && domains_ == other.domains_;
    }

    /// The set as COM_BINLOG_DUMP_GTID wants it: the classic form, or the tagged one of MySQL 8.3
    /// when a tag is in the set. Throws Error{bug} for a MariaDB set.
    std::vector<std::byte> encode_for_dump() const;

  private:
    /// Transactions begin .. end-1.
    struct Interval {
        std::int64_t begin;
        std::int64_t end;
        bool operator==(const Interval&) const = default;
    };
    using Intervals = std::vector<Interval>;  ///< sorted, apart from each other, not empty

    struct Source {
        Uuid uuid;
        std::string tag;
        Intervals intervals;
        bool operator==(const Source&) const = default;
    };
    struct Domain {
        std::uint32_t domain;
        std::uint32_t server;
        std::uint64_t sequence;
        bool operator==(const Domain&) const = default;
        /// Of one server the numbers grow; those of two servers say nothing of each other.
        bool is_at_or_behind(const Domain& other) const noexcept {
            return server == other.server && sequence >= other.sequence;
        }
    };

    static bool covers(const Intervals& outer, const Intervals& inner) noexcept;
    static void add_interval(Intervals& intervals, Interval added);
    static Intervals difference(const Intervals& from, const Intervals& without);

    Source& source(const Uuid& uuid, std::string_view tag);
    const Source* find_source(const Uuid& uuid, std::string_view tag) const noexcept;
    const Domain* find_domain(std::uint32_t domain) const noexcept;
    void parse_mysql(std::string_view part);
    void parse_mariadb(std::string_view part);
    void require_dialect(Dialect dialect) const;

    std::vector<Source> sources_;  ///< sorted by uuid, then tag
    std::vector<Domain> domains_;  ///< sorted by domain
    std::size_t latest_ = 0;       ///< index in sources_ that the last add found
};

}  // namespace dts
