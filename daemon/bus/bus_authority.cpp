#include "daemon/bus/bus_authority.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include "daemon/control/peer_rights.hpp"

namespace dts {

namespace {

constexpr const char* bus_service = "org.freedesktop.DBus";
constexpr const char* bus_path = "/org/freedesktop/DBus";
constexpr const char* polkit_service = "org.freedesktop.PolicyKit1";
constexpr const char* polkit_path = "/org/freedesktop/PolicyKit1/Authority";
constexpr const char* polkit_interface = "org.freedesktop.PolicyKit1.Authority";
constexpr const char* action = "org.dts.manage-tasks";
constexpr std::uint32_t allow_user_interaction = 1;
constexpr std::chrono::seconds user_patience{120};

BusError denied(const std::string& why) {
    return {
        SD_BUS_ERROR_ACCESS_DENIED,
        fmt::format("starting and stopping tasks is for root and members of the group dts{}", why)};
}

/// The answer of GetConnectionCredentials. Without a user id: somebody who may do nothing.
Peer read_credentials(sd_bus_message* reply) {
    constexpr auto nobody = static_cast<uid_t>(-1);
    Peer peer{nobody, static_cast<gid_t>(-1), {}};
    bus_check(sd_bus_message_enter_container(reply, 'a', "{sv}"), "reading credentials");
    while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
        const char* text = nullptr;
        bus_check(sd_bus_message_read(reply, "s", &text), "reading credentials");
        const std::string_view name = text;
        if (name == "UnixUserID") {
            bus_check(sd_bus_message_read(reply, "v", "u", &peer.uid), "reading the user");
        } else if (name == "UnixGroupIDs") {
            const void* groups = nullptr;
            std::size_t bytes = 0;
            bus_check(sd_bus_message_enter_container(reply, 'v', "au"), "reading the groups");
            bus_check(sd_bus_message_read_array(reply, 'u', &groups, &bytes), "reading the groups");
            bus_check(sd_bus_message_exit_container(reply), "reading the groups");
            peer.groups.resize(bytes / sizeof(gid_t));
            std::memcpy(peer.groups.data(), groups, peer.groups.size() * sizeof(gid_t));
        } else {
            bus_check(sd_bus_message_skip(reply, "v"), "skipping a credential");
        }
        bus_check(sd_bus_message_exit_container(reply), "reading credentials");
    }
    return peer;
}

}  // namespace

BusAuthority::BusAuthority(Bus& bus, Options options) : bus_(bus), options_(std::move(options)) {}

void BusAuthority::ask(sd_bus_message* call, const std::string& task, OnVerdict on_verdict) {
    const char* sender = sd_bus_message_get_sender(call);
    if (sender == nullptr) return on_verdict(denied(""));
    const bool may_interact = sd_bus_message_get_allow_interactive_authorization(call) > 0;
    const BusMessage question =
        bus_.method_call(bus_service, bus_path, bus_service, "GetConnectionCredentials");
    bus_check(sd_bus_message_append(question.get(), "s", sender), "asking");
    bus_.call(question, [this, sender = std::string(sender), may_interact, task,
                         on_verdict = std::move(on_verdict)](sd_bus_message* reply,
                                                             const BusError* error) {
        if (error != nullptr) return on_verdict(denied(": " + error->text));
        const Peer peer = read_credentials(reply);
        const auto operators = group_called(options_.operators);
        const bool is_member =
            operators && std::ranges::find(peer.groups, *operators) != peer.groups.end();
        if (is_member || (options_.trust_own_uid && may_act(peer, ::geteuid(), operators))) {
            return on_verdict(std::nullopt);
        }
        ask_polkit(sender, may_interact, task, on_verdict);
    });
}

void BusAuthority::ask_polkit(const std::string& sender, bool may_interact, const std::string& task,
                              OnVerdict on_verdict) {
    const BusMessage question =
        bus_.method_call(polkit_service, polkit_path, polkit_interface, "CheckAuthorization");
    bus_check(sd_bus_message_append(question.get(), "(sa{sv})sa{ss}us", "system-bus-name", 1,
                                    "name", "s", sender.c_str(), action, 1, "task", task.c_str(),
                                    may_interact ? allow_user_interaction : 0, ""),
              "asking polkit");
    bus_.call(
        question,
        [on_verdict = std::move(on_verdict)](sd_bus_message* reply, const BusError* error) {
            if (error != nullptr) return on_verdict(denied(""));
            int is_authorized = 0;
            int is_challenge = 0;
            bus_check(sd_bus_message_enter_container(reply, 'r', "bba{ss}"), "polkit's answer");
            bus_check(sd_bus_message_read(reply, "bb", &is_authorized, &is_challenge),
                      "polkit's answer");
            if (is_authorized != 0) return on_verdict(std::nullopt);
            if (is_challenge != 0) {
                return on_verdict(BusError{SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                           "authentication is required (org.dts.manage-tasks)"});
            }
            on_verdict(denied(""));
        },
        user_patience);
}

}  // namespace dts
