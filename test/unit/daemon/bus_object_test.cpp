// org.dts.Manager1 on a bus of the test's own, before the real supervisor with workers that are
// none.
#include "daemon/bus/bus_object.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <future>
#include <grp.h>

#include "daemon/bus/bus.hpp"
#include "daemon/supervisor/supervisor.hpp"
#include "test/skip.hpp"
#include "test/unit/daemon/private_bus.hpp"

using namespace dts;
using dts::test::BusThread;
using dts::test::PrivateBus;

namespace {

constexpr const char* path = "/org/dts/Manager1";
constexpr const char* interface = "org.dts.Manager1";

/// Starts and stops at once.
class InstantBackend final : public UnitBackend {
  public:
    explicit InstantBackend(boost::asio::io_context& loop) : loop_(loop) {}
    std::string_view name() const noexcept override { return "process"; }
    void open(OnChange on_change) override { on_change_ = std::move(on_change); }
    void start(const std::string& task, Done done) override {
        requests.push_back("start " + task);
        become(task, UnitState::Active::running, std::move(done));
    }
    void stop(const std::string& task, Done done) override {
        requests.push_back("stop " + task);
        become(task, UnitState::Active::inactive, std::move(done));
    }
    void restart(const std::string& task, Done done) override {
        requests.push_back("restart " + task);
        boost::asio::post(loop_, [done = std::move(done)] { done("it is stuck"); });
    }
    std::filesystem::path log_directory(const std::string& task) const override {
        return "/nonexistent/log/" + task;
    }
    std::filesystem::path status_socket(const std::string& task) const override {
        return "/nonexistent/run/" + task;
    }
    void shut_down(std::function<void()> done) override { done(); }

    std::vector<std::string> requests;

  private:
    void become(const std::string& task, UnitState::Active active, Done done) {
        boost::asio::post(loop_, [this, task, active, done = std::move(done)] {
            UnitState state;
            state.active = active;
            on_change_(task, state);
            done(std::nullopt);
        });
    }

    boost::asio::io_context& loop_;
    OnChange on_change_;
};

/// What a call came to: the error's name, or "" and what the reply reads as.
struct Outcome {
    std::string error;
    std::string message;
    std::vector<std::string> texts;  ///< every string in the reply, containers included
};

void read_texts(sd_bus_message* message, std::vector<std::string>& into) {
    char type = 0;
    const char* contents = nullptr;
    while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
        if (type == 'a' || type == 'r' || type == 'e' || type == 'v') {
            sd_bus_message_enter_container(message, type, contents);
            read_texts(message, into);
            sd_bus_message_exit_container(message);
        } else if (type == 's') {
            const char* text = nullptr;
            sd_bus_message_read_basic(message, 's', &text);
            into.emplace_back(text);
        } else {
            const std::string one(1, type);
            sd_bus_message_skip(message, one.c_str());
        }
    }
}

Outcome call_on(const std::string& address, const char* member, const std::string& task,
                bool may_interact) {
    sd_bus* bus = nullptr;
    sd_bus_new(&bus);
    sd_bus_set_address(bus, address.c_str());
    sd_bus_set_bus_client(bus, 1);
    sd_bus_start(bus);
    sd_bus_message* made = nullptr;
    sd_bus_message_new_method_call(bus, &made, interface, path, interface, member);
    const BusMessage call(made);
    if (!task.empty()) sd_bus_message_append(made, "s", task.c_str());
    sd_bus_message_set_allow_interactive_authorization(made, may_interact);
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message* answer = nullptr;
    const int result = sd_bus_call(bus, made, 10'000'000, &error, &answer);
    const BusMessage reply(answer);
    Outcome outcome;
    if (result < 0) {
        outcome.error = error.name == nullptr ? "?" : error.name;
        outcome.message = error.message == nullptr ? "" : error.message;
    } else {
        read_texts(answer, outcome.texts);
    }
    sd_bus_error_free(&error);
    sd_bus_close_unref(bus);
    return outcome;
}

/// Answers every CheckAuthorization alike.
class FakePolkit {
  public:
    FakePolkit(const std::string& address, bool is_authorized, bool is_challenge)
        : is_authorized_(is_authorized),
          is_challenge_(is_challenge),
          thread_(address, [this](sd_bus* bus) {
              sd_bus_add_object(bus, nullptr, "/org/freedesktop/PolicyKit1/Authority", answer,
                                this);
              sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0);
          }) {}

    std::vector<std::string> questions() {
        std::vector<std::string> asked;
        thread_.run([&](sd_bus*) { asked = questions_; });
        return asked;
    }

  private:
    static int answer(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
        auto& self = *static_cast<FakePolkit*>(data);
        if (!sd_bus_message_is_method_call(message, nullptr, "CheckAuthorization")) return 0;
        const char* action = nullptr;
        std::uint32_t flags = 0;
        sd_bus_message_skip(message, "(sa{sv})");
        sd_bus_message_read(message, "s", &action);
        sd_bus_message_skip(message, "a{ss}");
        sd_bus_message_read(message, "u", &flags);
        self.questions_.push_back(std::string(action) + " " + std::to_string(flags));
        return sd_bus_reply_method_return(message, "(bba{ss})", self.is_authorized_ ? 1 : 0,
                                          self.is_challenge_ ? 1 : 0, 0);
    }

    const bool is_authorized_;
    const bool is_challenge_;
    std::vector<std::string> questions_;
    BusThread thread_;
};

struct Setup {
    explicit Setup(const std::string& address_, std::string operators = "no-such-group")
        : address(address_), supervisor(loop, backend, supervisor_options()) {
        BusObjectOptions options;
        options.bus_address = address;
        options.operators = std::move(operators);
        options.trust_own_uid = false;
        options.log = [this](const std::string& line) { log.push_back(line); };
        object.emplace(loop, supervisor, std::move(options));
        supervisor.open();
        object->open();
        until([&] { return !supervisor.tasks().empty() && backend.requests.size() == 1; });
        backend.requests.clear();
    }
    Supervisor::Options supervisor_options() {
        write_text(folder / "orders.ini", R"([extractor]
db_type=mysql
extract_type=cdc
server_id=2001
url=mysql://dts:hidden@127.0.0.1:3306
[sinker]
db_type=mysql
url=mysql://dts:hidden@127.0.0.2:3306
)");
        Supervisor::Options options;
        options.tasks_folder = folder.path();
        return options;
    }
    bool until(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!holds() && std::chrono::steady_clock::now() < end) {
            loop.restart();
            loop.run_one_until(
                std::min(end, std::chrono::steady_clock::now() + std::chrono::milliseconds(20)));
        }
        return holds();
    }
    Outcome call(const char* member, const std::string& task = "", bool may_interact = false) {
        auto answer = std::async(std::launch::async, call_on, address, member, task, may_interact);
        until(
            [&] { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
        return answer.get();
    }

    const std::string address;
    TemporaryDirectory folder;
    boost::asio::io_context loop;
    InstantBackend backend{loop};
    Supervisor supervisor;
    std::vector<std::string> log;
    std::optional<BusObject> object;
};

bool holds(const std::vector<std::string>& texts, std::string_view wanted) {
    return std::ranges::find(texts, wanted) != texts.end();
}

#define NEEDS_A_BUS()                                    \
    if (!PrivateBus::is_available()) {                   \
        dts::test::skip("there is no dbus-daemon here"); \
        return;                                          \
    }

}  // namespace

TEST_CASE("bus object: everybody may read, and no password is in what they read") {
    NEEDS_A_BUS();
    PrivateBus bus;
    Setup setup(bus.address());
    const Outcome list = setup.call("ListTasks");
    CHECK(list.error == "");
    REQUIRE(list.texts.size() == 5);
    CHECK(list.texts[0] == "orders");
    CHECK_THAT(list.texts[3], Catch::Contains("127.0.0.1:3306"));

    const Outcome task = setup.call("GetTask", "orders");
    CHECK(holds(task.texts, "LogDirectory"));
    CHECK(holds(task.texts, "/nonexistent/log/orders"));
    for (const std::string& text : task.texts) CHECK_THAT(text, !Catch::Contains("hidden"));

    const Outcome valid = setup.call("ValidateTask", "orders");
    CHECK(valid.error == "");
    CHECK(valid.texts == std::vector<std::string>{""});
    CHECK(setup.call("GetTask", "none").error == "org.dts.Manager1.Error.NoSuchTask");
}

TEST_CASE("bus object: who is nobody in particular may not act") {
    NEEDS_A_BUS();
    PrivateBus bus;
    Setup setup(bus.address());
    for (const char* verb : {"StartTask", "StopTask", "RestartTask"}) {
        // There is no polkit on this bus.
        const Outcome outcome = setup.call(verb, "orders");
        CHECK(outcome.error == SD_BUS_ERROR_ACCESS_DENIED);
        CHECK_THAT(outcome.message, Catch::Contains("group dts"));
    }
    CHECK(setup.backend.requests.empty());
}

TEST_CASE("bus object: members of the operators' group may act, and hear how it went") {
    NEEDS_A_BUS();
    const group* const own = ::getgrgid(::getegid());
    if (own == nullptr) return dts::test::skip("this process's group has no name");
    PrivateBus bus;
    Setup setup(bus.address(), own->gr_name);
    CHECK(setup.call("StopTask", "orders").error == "");
    CHECK(setup.call("StartTask", "orders").error == "");
    const Outcome stuck = setup.call("RestartTask", "orders");
    CHECK(stuck.error == "org.dts.Manager1.Error.Failed");
    CHECK_THAT(stuck.message, Catch::Contains("it is stuck"));
    CHECK(setup.backend.requests ==
          std::vector<std::string>{"stop orders", "start orders", "restart orders"});
    CHECK(setup.call("StopTask", "none").error == "org.dts.Manager1.Error.NoSuchTask");
}

TEST_CASE("bus object: polkit decides about others, and asks the user only where it may") {
    NEEDS_A_BUS();
    PrivateBus bus;
    Setup setup(bus.address());
    {
        FakePolkit polkit(bus.address(), false, true);
        CHECK(setup.call("StopTask", "orders").error ==
              SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);
        CHECK(polkit.questions() == std::vector<std::string>{"org.dts.manage-tasks 0"});
        CHECK(setup.backend.requests.empty());
    }
    {
        FakePolkit polkit(bus.address(), false, false);
        CHECK(setup.call("StopTask", "orders").error == SD_BUS_ERROR_ACCESS_DENIED);
        CHECK(setup.backend.requests.empty());
    }
    FakePolkit polkit(bus.address(), true, false);
    CHECK(setup.call("StopTask", "orders", true).error == "");
    CHECK(polkit.questions() == std::vector<std::string>{"org.dts.manage-tasks 1"});
    CHECK(setup.backend.requests == std::vector<std::string>{"stop orders"});
}

TEST_CASE("bus object: changes of state are signals") {
    NEEDS_A_BUS();
    const group* const own = ::getgrgid(::getegid());
    if (own == nullptr) return dts::test::skip("this process's group has no name");
    PrivateBus bus;
    Setup setup(bus.address(), own->gr_name);
    std::vector<std::string> heard;
    Bus listener(setup.loop, bus.address(), {});
    listener.open();
    const BusSlot slot =
        listener.match("type='signal',interface='org.dts.Manager1'", [&](sd_bus_message* message) {
            std::vector<std::string> texts;
            read_texts(message, texts);
            heard.push_back(std::string(sd_bus_message_get_member(message)) + " " + texts.front() +
                            (texts.size() > 1 ? " " + texts[1] : ""));
        });
    CHECK(setup.call("StopTask", "orders").error == "");
    REQUIRE(setup.until([&] { return holds(heard, "TaskStateChanged orders stopped"); }));
    std::filesystem::remove(setup.folder / "orders.ini");
    CHECK(setup.until([&] { return holds(heard, "TaskRemoved orders"); }));
}

TEST_CASE("bus object: without a bus dtsd goes on, and says so once") {
    Setup setup("unix:path=/nonexistent/bus");
    REQUIRE(setup.log.size() == 1);
    CHECK_THAT(setup.log.front(), Catch::Contains("going on without org.dts.Manager1"));
    CHECK(setup.supervisor.find("orders") != nullptr);
}
