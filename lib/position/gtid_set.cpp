#include "lib/position/gtid_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <tuple>

#include "lib/base/error.hpp"

namespace dts {

namespace {

/// Transaction numbers are 1 .. 2^63-2: the end of an interval must fit too.
constexpr std::int64_t most_number = std::numeric_limits<std::int64_t>::max() - 1;
constexpr std::size_t most_tag_length = 32;

[[noreturn]] void fail(std::string_view what, std::string_view part) {
    throw Error(ErrorKind::data, fmt::format("not a GTID set: {} in \"{}\"", what, part));
}

bool is_space(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// The part up to the separator, trimmed; the text moves behind it.
std::string_view take_part(std::string_view& text, char separator) noexcept {
    const auto end = text.find(separator);
    const auto part = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
    Number number{};
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (text.empty() || text.front() == '-' || parsed.ec != std::errc{} || parsed.ptr != end)
        return std::nullopt;
    return number;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool has_dash_before(std::size_t byte) noexcept {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

std::optional<Uuid> parse_uuid(std::string_view text) noexcept {
    if (text.size() != 36) return std::nullopt;
    Uuid uuid{};
    std::size_t at = 0;
    for (std::size_t byte = 0; byte < uuid.size(); ++byte) {
        if (has_dash_before(byte) && text[at++] != '-') return std::nullopt;
        const int high = hex_digit(text[at++]);
        const int low = hex_digit(text[at++]);
        if (high < 0 || low < 0) return std::nullopt;
        uuid[byte] = static_cast<std::byte>(high << 4 | low);
    }
    return uuid;
}

/// A tag in lower case; nothing when the text is none (it begins with a letter or underscore).
std::optional<std::string> parse_tag(std::string_view text) {
    std::string tag;
    for (const char c : text) {
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const bool digit = lower >= '0' && lower <= '9';
        if (!(lower >= 'a' && lower <= 'z') && lower != '_' && !(digit && !tag.empty()))
            return std::nullopt;
        tag += lower;
    }
    if (tag.empty() || tag.size() > most_tag_length) return std::nullopt;
    return tag;
}

void append_le(std::vector<std::byte>& bytes, std::uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8)
        bytes.push_back(static_cast<std::byte>(value >> shift));
}

}  // namespace

std::string uuid_text(const Uuid& uuid) {
    std::string text;
    text.reserve(36);
    for (std::size_t byte = 0; byte < uuid.size(); ++byte) {
        if (has_dash_before(byte)) text += '-';
        text += fmt::format("{:02x}", std::to_integer<unsigned>(uuid[byte]));
    }
    return text;
}

GtidSet GtidSet::parse(std::string_view text) {
    GtidSet set;
    if (trim(text).empty()) return set;
    do {
        const bool more = text.find(',') != std::string_view::npos;
        const auto part = take_part(text, ',');
        if (part.find(':') != std::string_view::npos)
            set.parse_mysql(part);
        else
            set.parse_mariadb(part);
        if (more && text.empty()) fail("an empty part", ",");
    } while (!text.empty());
    return set;
}

void GtidSet::parse_mysql(std::string_view part) {
    require_dialect(Dialect::mysql);
    auto rest = part;
    const auto uuid = parse_uuid(take_part(rest, ':'));
    if (!uuid) fail("a UUID that is none", part);
    std::string tag;
    bool numbers_follow = true;  // a uuid or a tag without an interval behind it is cut off
    while (!rest.empty()) {
        auto item = take_part(rest, ':');
        if (auto next_tag = parse_tag(item)) {
            if (numbers_follow && !tag.empty()) fail("a tag without an interval", part);
            tag = std::move(*next_tag);
            numbers_follow = true;
            continue;
        }
        const bool is_range = item.find('-') != std::string_view::npos;
        const auto first = parse_number<std::int64_t>(take_part(item, '-'));
        const auto last = is_range ? parse_number<std::int64_t>(trim(item)) : first;
        if (!first || !last || *first < 1 || *last < *first || *last > most_number)
            fail("an interval that is none", part);
        add_interval(source(*uuid, tag).intervals, {*first, *last + 1});
        numbers_follow = false;
    }
    if (numbers_follow || part.back() == ':') fail("no interval at the end", part);
}

void GtidSet::parse_mariadb(std::string_view part) {
    require_dialect(Dialect::mariadb);
    auto rest = part;
    const auto domain = parse_number<std::uint32_t>(take_part(rest, '-'));
    const auto server = parse_number<std::uint32_t>(take_part(rest, '-'));
    const auto sequence = parse_number<std::uint64_t>(trim(rest));
    if (!domain || !server || !sequence) fail("neither uuid:number nor 0-1-2", part);
    if (find_domain(*domain) != nullptr) fail("a domain named twice", part);
    add_mariadb(*domain, *server, *sequence);
}

std::string GtidSet::text() const {
    std::string text;
    const Source* previous = nullptr;
    for (const auto& source : sources_) {
        if (previous == nullptr || previous->uuid != source.uuid) {
            if (previous != nullptr) text += ',';
            text += uuid_text(source.uuid);
        }
        if (!source.tag.empty()) text += ":" + source.tag;
        for (const auto& interval : source.intervals) {
            text += fmt::format(":{}", interval.begin);
            if (interval.end > interval.begin + 1) text += fmt::format("-{}", interval.end - 1);
        }
        previous = &source;
    }
    for (const auto& domain : domains_)
        text += fmt::format("{}{}-{}-{}", text.empty() ? "" : ",", domain.domain, domain.server,
                            domain.sequence);
    return text;
}

GtidSet::Dialect GtidSet::dialect() const noexcept {
    if (!sources_.empty()) return Dialect::mysql;
    return domains_.empty() ? Dialect::none : Dialect::mariadb;
}

void GtidSet::add(std::string_view gtid) {
    const auto one = parse(gtid);
    const bool single = one.domains_.size() + one.sources_.size() == 1 &&
                        (one.sources_.empty() || (one.sources_[0].intervals.size() == 1 &&
                                                  one.sources_[0].intervals[0].end ==
                                                      one.sources_[0].intervals[0].begin + 1));
    if (!single) fail("not one transaction", gtid);
    for (const auto& domain : one.domains_)
        add_mariadb(domain.domain, domain.server, domain.sequence);
    if (!one.sources_.empty()) unite(one);
}

void GtidSet::add_mysql(const Uuid& uuid, std::string_view tag, std::int64_t number) {
    if (number < 1 || number > most_number)
        throw Error(ErrorKind::data, fmt::format("a GTID with the number {}", number));
    require_dialect(Dialect::mysql);
    add_interval(source(uuid, tag).intervals, {number, number + 1});
}

void GtidSet::add_mariadb(std::uint32_t domain, std::uint32_t server, std::uint64_t sequence) {
    require_dialect(Dialect::mariadb);
    const auto place =
        std::lower_bound(domains_.begin(), domains_.end(), domain,
                         [](const Domain& a, std::uint32_t b) { return a.domain < b; });
    if (place == domains_.end() || place->domain != domain)
        domains_.insert(place, {domain, server, sequence});
    else
        *place = {domain, server, sequence};
}

bool GtidSet::contains(const GtidSet& other) const noexcept {
    const auto has_source = [&](const Source& inner) {
        const auto* outer = find_source(inner.uuid, inner.tag);
        return outer != nullptr && covers(outer->intervals, inner.intervals);
    };
    const auto has_domain = [&](const Domain& inner) {
        const auto* outer = find_domain(inner.domain);
        return outer != nullptr && outer->is_at_or_behind(inner);
    };
    return std::all_of(other.sources_.begin(), other.sources_.end(), has_source) &&
           std::all_of(other.domains_.begin(), other.domains_.end(), has_domain);
}

void GtidSet::unite(const GtidSet& other) {
    if (!other.empty()) require_dialect(other.dialect());
    for (const auto& added : other.sources_) {
        auto& intervals = source(added.uuid, added.tag).intervals;
        for (const auto& interval : added.intervals) add_interval(intervals, interval);
    }
    for (const auto& added : other.domains_) {
        const auto* held = find_domain(added.domain);
        if (held == nullptr || added.sequence > held->sequence)
            add_mariadb(added.domain, added.server, added.sequence);
    }
}

void GtidSet::subtract(const GtidSet& other) {
    if (!empty() && !other.empty()) require_dialect(other.dialect());
    for (auto& source : sources_)
        if (const auto* without = other.find_source(source.uuid, source.tag))
            source.intervals = difference(source.intervals, without->intervals);
    std::erase_if(sources_, [](const Source& source) { return source.intervals.empty(); });
    std::erase_if(domains_, [&](const Domain& domain) {
        const auto* without = other.find_domain(domain.domain);
        return without != nullptr && without->is_at_or_behind(domain);
    });
}

std::partial_ordering GtidSet::compare(const GtidSet& other) const noexcept {
    const bool holds = contains(other);
    const bool is_held = other.contains(*this);
    if (holds && is_held) return std::partial_ordering::equivalent;
    if (holds) return std::partial_ordering::greater;
    return is_held ? std::partial_ordering::less : std::partial_ordering::unordered;
}

// The wire form: count of sources, and for each its uuid, (tag,) count of intervals, intervals
// with exclusive end, all little-endian. A set with tags says so in its first eight bytes: format 1
// in the lowest and the highest byte, the count between them; a tag's length is shifted by one.
std::vector<std::byte> GtidSet::encode_for_dump() const {
    if (dialect() == Dialect::mariadb)
        throw Error(ErrorKind::bug, "a MariaDB GTID set has no binary form");
    const bool tagged = std::any_of(sources_.begin(), sources_.end(),
                                    [](const Source& source) { return !source.tag.empty(); });
    std::vector<std::byte> bytes;
    const std::uint64_t count = sources_.size();
    append_le(bytes, tagged ? (std::uint64_t{1} << 56) | count << 8 | 1 : count);
    for (const auto& source : sources_) {
        bytes.insert(bytes.end(), source.uuid.begin(), source.uuid.end());
        if (tagged) {
            bytes.push_back(static_cast<std::byte>(source.tag.size() << 1));
            for (const char c : source.tag) bytes.push_back(static_cast<std::byte>(c));
        }
        append_le(bytes, source.intervals.size());
        for (const auto& interval : source.intervals) {
            append_le(bytes, static_cast<std::uint64_t>(interval.begin));
            append_le(bytes, static_cast<std::uint64_t>(interval.end));
        }
    }
    return bytes;
}

bool GtidSet::covers(const Intervals& outer, const Intervals& inner) noexcept {
    auto at = outer.begin();
    for (const auto& interval : inner) {
        while (at != outer.end() && at->end < interval.end) ++at;
        if (at == outer.end() || at->begin > interval.begin) return false;
    }
    return true;
}

void GtidSet::add_interval(Intervals& intervals, Interval added) {
    if (!intervals.empty() && intervals.back().end == added.begin) {  // in order: the usual case
        intervals.back().end = added.end;
        return;
    }
    // All that overlap or touch become one with the added one.
    const auto first = std::lower_bound(
        intervals.begin(), intervals.end(), added.begin,
        [](const Interval& interval, std::int64_t begin) { return interval.end < begin; });
    auto last = first;
    for (; last != intervals.end() && last->begin <= added.end; ++last) {
        added.begin = std::min(added.begin, last->begin);
        added.end = std::max(added.end, last->end);
    }
    if (first == last) {
        intervals.insert(first, added);
    } else {
        *first = added;
        intervals.erase(first + 1, last);
    }
}

GtidSet::Intervals GtidSet::difference(const Intervals& from, const Intervals& without) {
    Intervals left;
    auto at = without.begin();
    for (auto interval : from) {
        while (at != without.end() && at->end <= interval.begin) ++at;
        for (auto hole = at; hole != without.end() && hole->begin < interval.end; ++hole) {
            if (hole->begin > interval.begin) left.push_back({interval.begin, hole->begin});
            interval.begin = std::min(hole->end, interval.end);
        }
        if (interval.begin < interval.end) left.push_back(interval);
    }
    return left;
}

GtidSet::Source& GtidSet::source(const Uuid& uuid, std::string_view tag) {
    if (latest_ < sources_.size() && sources_[latest_].uuid == uuid && sources_[latest_].tag == tag)
        return sources_[latest_];
    const auto key = std::tie(uuid, tag);
    auto place = std::lower_bound(
        sources_.begin(), sources_.end(), key, [](const Source& source, const auto& wanted) {
            return std::tuple(source.uuid, std::string_view(source.tag)) < wanted;
        });
    if (place == sources_.end() || place->uuid != uuid || place->tag != tag)
        place = sources_.insert(place, {uuid, std::string(tag), {}});
    latest_ = static_cast<std::size_t>(place - sources_.begin());
    return *place;
}

const GtidSet::Source* GtidSet::find_source(const Uuid& uuid, std::string_view tag) const noexcept {
    for (const auto& source : sources_)
        if (source.uuid == uuid && source.tag == tag) return &source;
    return nullptr;
}

const GtidSet::Domain* GtidSet::find_domain(std::uint32_t domain) const noexcept {
    for (const auto& held : domains_)
        if (held.domain == domain) return &held;
    return nullptr;
}

void GtidSet::require_dialect(Dialect wanted) const {
    if (!empty() && dialect() != wanted)
        throw Error(ErrorKind::data, "a GTID set of MySQL and one of MariaDB do not mix");
}

}  // namespace dts
