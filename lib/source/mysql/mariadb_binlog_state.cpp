#include "lib/source/mysql/mariadb_binlog_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/base/error.hpp"

namespace dts {

namespace {

template <typename Number>
Number take_number(std::string_view& rest, char end) {
    Number number{};
    const auto* last = rest.data() + rest.size();
    const auto parsed = std::from_chars(rest.data(), last, number);
    const bool ends = parsed.ptr == last ? end == '\0' : *parsed.ptr == end;
    if (parsed.ec != std::errc{} || !ends)
        throw Error(ErrorKind::data, fmt::format("not a MariaDB GTID: \"{}\"", rest));
    rest.remove_prefix(
        std::min(rest.size(), static_cast<std::size_t>(parsed.ptr - rest.data()) + 1));
    return number;
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view spaces = " \t\r\n";
    const auto begin = text.find_first_not_of(spaces);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

}  // namespace

MariadbBinlogState MariadbBinlogState::parse(std::string_view text) {
    MariadbBinlogState state;
    for (auto rest = trim(text); !rest.empty();) {
        const auto end = std::min(rest.find(','), rest.size());
        auto part = trim(rest.substr(0, end));
        Gtid gtid;
        gtid.domain = take_number<std::uint32_t>(part, '-');
        gtid.server = take_number<std::uint32_t>(part, '-');
        gtid.number = take_number<std::uint64_t>(part, '\0');
        state.gtids_.push_back(gtid);
        rest = trim(rest.substr(std::min(end + 1, rest.size())));
    }
    return state;
}

std::string MariadbBinlogState::text() const {
    std::string text;
    for (const Gtid& gtid : gtids_)
        text += fmt::format("{}{}-{}-{}", text.empty() ? "" : ",", gtid.domain, gtid.server,
                            gtid.number);
    return text;
}

MariadbBinlogState MariadbBinlogState::not_reached_by(const MariadbBinlogState& binlog,
                                                      const MariadbBinlogState& replicated) const {
    MariadbBinlogState ahead;
    for (const Gtid& gtid : gtids_) {
        const auto reached = [&](const MariadbBinlogState& state) {
            const Gtid* known = state.find(gtid.domain, gtid.server);
            return known != nullptr && known->number >= gtid.number;
        };
        if (!reached(binlog) && !reached(replicated)) ahead.gtids_.push_back(gtid);
    }
    return ahead;
}

MariadbBinlogState MariadbBinlogState::needed_behind(const MariadbBinlogState& position,
                                                     const MariadbBinlogState& end) const {
    MariadbBinlogState needed;
    for (const Gtid& last : end.gtids_) {
        const Gtid* at = position.find(last.domain);
        const Gtid* purged = at == nullptr ? nullptr : find(at->domain, at->server);
        const bool stands_behind =
            at != nullptr && (purged == nullptr || at->number > purged->number);
        const bool is_last =
            at != nullptr && at->server == last.server && at->number == last.number;
        if (!stands_behind && !is_last) needed.gtids_.push_back(last);
    }
    return needed;
}

const MariadbBinlogState::Gtid* MariadbBinlogState::find(std::uint32_t domain,
                                                         std::uint32_t server) const noexcept {
    const auto found = std::find_if(gtids_.begin(), gtids_.end(), [&](const Gtid& gtid) {
        return gtid.domain == domain && gtid.server == server;
    });
    return found == gtids_.end() ? nullptr : &*found;
}

const MariadbBinlogState::Gtid* MariadbBinlogState::find(std::uint32_t domain) const noexcept {
    const auto found = std::find_if(gtids_.begin(), gtids_.end(),
                                    [&](const Gtid& gtid) { return gtid.domain == domain; });
    return found == gtids_.end() ? nullptr : &*found;
}

}  // namespace dts
