#include "daemon/control/control_socket.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "daemon/control/control_client.hpp"
#include "daemon/control/peer_rights.hpp"
#include "lib/base/error.hpp"
#include "test/unit/daemon/fake_backend.hpp"
#include "test/unit/daemon/loop_until.hpp"
#include "test/unit/daemon/task_files.hpp"

using namespace dts;
using namespace dts::test;
using Catch::Contains;

namespace {

struct Daemon : TaskFiles {
    Daemon() {
        put("a", task_ini(1));
        put("b", task_ini(2));
        Supervisor::Options options;
        options.tasks_folder = tasks();
        supervisor = std::make_unique<Supervisor>(loop, backend, std::move(options));
        ControlSocket::Options control;
        control.path = path();
        control.about = "{\"version\":\"x\"}";
        socket.emplace(loop, *supervisor, std::move(control));
        supervisor->open();
    }

    std::filesystem::path path() const { return folder / "control.sock"; }
    ControlClient connect() const {
        auto client = ControlClient::connect(path());
        if (!client) throw std::runtime_error("nobody listens");
        return std::move(*client);
    }
    std::string line(ControlClient& client) {
        std::optional<std::string> line;
        if (!loop_until(loop, [&] { return (line = client.take_line()).has_value(); })) {
            throw std::runtime_error("no answer");
        }
        return *line;
    }
    ControlAnswer ask(const ControlCall& call) {
        auto client = connect();
        client.send(call);
        return parse_answer(line(client));
    }

    boost::asio::io_context loop;
    FakeBackend backend{folder.path()};
    std::unique_ptr<Supervisor> supervisor;
    std::optional<ControlSocket> socket;
};

}  // namespace

TEST_CASE("control socket: list and task show what the supervisor knows", "[daemon]") {
    Daemon dtsd;
    const std::string list = dtsd.ask({"list", "", ""}).result;
    CHECK(list == fmt::format("[{},{}]", to_json(*dtsd.supervisor->find("a")),
                              to_json(*dtsd.supervisor->find("b"))));
    const TaskView view = task_view_of(dtsd.ask({"task", "b", ""}).result);
    CHECK(view.name == "b");
    CHECK(view.state == TaskState::streaming);
    CHECK(dtsd.ask({"daemon", "", ""}).result == "{\"version\":\"x\"}");
}

TEST_CASE("control socket: start, stop and restart are answered when they are done", "[daemon]") {
    Daemon dtsd;
    CHECK(task_view_of(dtsd.ask({"stop", "a", ""}).result).state == TaskState::stopped);
    CHECK(task_view_of(dtsd.ask({"start", "a", ""}).result).state == TaskState::streaming);
    dtsd.backend.take_asked();
    CHECK(task_view_of(dtsd.ask({"restart", "b", ""}).result).state == TaskState::streaming);
    CHECK(dtsd.backend.asked == std::vector<std::string>{"restart b"});
}

TEST_CASE("control socket: what cannot be done is refused with a code", "[daemon]") {
    Daemon dtsd;
    CHECK(dtsd.ask({"task", "nix", ""}).refusal.value().fault == ControlFault::no_task);
    CHECK(dtsd.ask({"start", "nix", ""}).refusal.value().fault == ControlFault::no_task);
    CHECK(dtsd.ask({"dance", "a", ""}).refusal.value().fault == ControlFault::bad_call);
    CHECK(dtsd.ask({"validate", "", "relative.ini"}).refusal.value().fault ==
          ControlFault::bad_call);
    std::ofstream(dtsd.ini("a")) << "garbage";
    CHECK(loop_until(dtsd.loop, [&] { return !dtsd.supervisor->find("a")->ini_problem.empty(); }));
    const auto refusal = dtsd.ask({"restart", "a", ""}).refusal.value();
    CHECK(refusal.fault == ControlFault::failed);
    CHECK_THAT(refusal.error, Contains("a.ini:1"));
}

TEST_CASE("control socket: what is no call does not end the connection", "[daemon]") {
    Daemon dtsd;
    auto client = dtsd.connect();
    for (const std::string_view nonsense : {"\n", "nonsense\n", "[1]\n", "{\"call\":7}\n"}) {
        REQUIRE(::write(client.fd(), nonsense.data(), nonsense.size()) > 0);
        CHECK(parse_answer(dtsd.line(client)).refusal.value().fault == ControlFault::bad_call);
    }
    client.send({"task", "a", ""});
    CHECK(task_view_of(parse_answer(dtsd.line(client)).result).name == "a");
    // A line without an end is cut off instead of being gathered for ever.
    const std::string endless(100'000, 'x');
    REQUIRE(::write(client.fd(), endless.data(), endless.size()) > 0);
    CHECK_THROWS_AS(dtsd.line(client), Error);
    CHECK(dtsd.ask({"list", "", ""}).result != "");
}

TEST_CASE("control socket: watch tells at once, at each change, and once a second", "[daemon]") {
    Daemon dtsd;
    auto client = dtsd.connect();
    client.send({"watch", "", ""});
    const std::string first = dtsd.line(client);
    CHECK_THAT(first, Contains("\"streaming\""));
    const auto begin = std::chrono::steady_clock::now();
    dtsd.backend.set("a", UnitState::Active::failed, 66);
    CHECK_THAT(dtsd.line(client), Contains("\"gap\""));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(900));
    CHECK_THAT(dtsd.line(client), Contains("\"gap\""));
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(900));
}

TEST_CASE(
    "control socket: many changes at once are one line, and one who does not read gets no pile",
    "[daemon]") {
    Daemon dtsd;
    auto client = dtsd.connect();
    client.send({"watch", "", ""});
    dtsd.line(client);
    for (int i = 0; i < 50; ++i) dtsd.backend.set("a", UnitState::Active::failed, 60 + i);
    const std::string line = dtsd.line(client);
    CHECK_THAT(line, Contains("exit code 109"));
    CHECK_FALSE(client.take_line().has_value());
}

TEST_CASE("control socket: everybody may look, and who may act is the kernel's word", "[daemon]") {
    Daemon dtsd;
    struct stat info {};
    REQUIRE(::stat(dtsd.path().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0666);
    const auto client = dtsd.connect();
    CHECK(peer_of(client.fd()).value().uid == ::geteuid());

    const Peer root{0, 0, {}}, own{500, 500, {}}, member{1000, 1000, {4, 990}},
        first_group{1000, 990, {}}, stranger{1000, 1000, {4}};
    CHECK(may_act(root, 500, {}));
    CHECK(may_act(own, 500, {}));
    CHECK(may_act(member, 500, 990));
    CHECK(may_act(first_group, 500, 990));
    CHECK_FALSE(may_act(member, 500, {}));
    CHECK_FALSE(may_act(stranger, 500, 990));
}

TEST_CASE("control socket: a socket that a killed daemon left is no hindrance", "[daemon]") {
    TemporaryDirectory folder;
    std::ofstream(folder / "control.sock") << "left";
    CHECK_FALSE(ControlClient::connect(folder / "control.sock").has_value());
    boost::asio::io_context loop;
    FakeBackend backend(folder.path());
    Supervisor supervisor(loop, backend, {folder.path(), {}, {}, std::chrono::seconds(10), {}});
    ControlSocket::Options options;
    options.path = folder / "control.sock";
    std::optional<ControlSocket> socket;
    socket.emplace(loop, supervisor, options);
    CHECK(ControlClient::connect(options.path).has_value());
    socket.reset();
    CHECK_FALSE(std::filesystem::exists(options.path));
    options.path = folder / std::string(200, 'x');
    CHECK_THROWS_AS(socket.emplace(loop, supervisor, options), Error);
}
