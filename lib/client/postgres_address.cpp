#include "lib/client/postgres_address.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <string_view>
#include <utility>

namespace dts {

namespace {

using List = std::pair<std::string, std::uint16_t>;

struct Answers {
    std::mutex mutex;
    std::map<List, PostgresAddress> last;
    std::map<List, std::uint32_t> latest_timeline;
};

Answers& answers() {
    static Answers all;
    return all;
}

void add_host(std::vector<PostgresAddress>& addresses, const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const bool is_path = host.empty() || host.front() == '/' || host.front() == '@';
    if (is_path || ::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) {
        addresses.push_back({host, ""});
        return;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    for (; found != nullptr; found = found->ai_next) {
        std::array<char, NI_MAXHOST> numeric{};
        if (::getnameinfo(found->ai_addr, found->ai_addrlen, numeric.data(), numeric.size(),
                          nullptr, 0, NI_NUMERICHOST) == 0)
            addresses.push_back({host, numeric.data()});
    }
}

}  // namespace

bool names_several_hosts(const std::string& hosts) noexcept {
    return hosts.find(',') != std::string::npos;
}

std::vector<PostgresAddress> postgres_addresses(const std::string& hosts, std::uint16_t port) {
    std::vector<PostgresAddress> addresses;
    for (std::size_t begin = 0; begin <= hosts.size();) {
        const auto end = std::min(hosts.find(',', begin), hosts.size());
        add_host(addresses, hosts.substr(begin, end - begin));
        begin = end + 1;
    }
    if (addresses.empty()) addresses.push_back({hosts, ""});
    Answers& known = answers();
    const std::lock_guard lock(known.mutex);
    const auto last = known.last.find({hosts, port});
    if (last != known.last.end()) {
        const auto first = std::find(addresses.begin(), addresses.end(), last->second);
        if (first != addresses.end()) std::rotate(addresses.begin(), first, first + 1);
    }
    return addresses;
}

void postgres_address_answered(const std::string& hosts, std::uint16_t port,
                               const PostgresAddress& address) {
    Answers& known = answers();
    const std::lock_guard lock(known.mutex);
    known.last.insert_or_assign({hosts, port}, address);
}

std::uint32_t postgres_timeline_met(const std::string& hosts, std::uint16_t port,
                                    std::uint32_t timeline) {
    Answers& known = answers();
    const std::lock_guard lock(known.mutex);
    auto& latest = known.latest_timeline[{hosts, port}];
    latest = std::max(latest, timeline);
    return latest;
}

}  // namespace dts
