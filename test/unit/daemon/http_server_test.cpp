#include "daemon/page/http_server.hpp"

#include <catch2/catch.hpp>

#include <thread>

#include "lib/base/error.hpp"
#include "test/browser/sample_tasks.hpp"
#include "test/unit/daemon/http_client.hpp"
#include "test/unit/daemon/metrics_reader.hpp"

namespace dts {

namespace {

using namespace std::chrono_literals;
using test::HttpAnswer;
using test::HttpClient;

/// A server on a free port; its loop has a thread of its own, since the client blocks.
class RunningServer {
  public:
    explicit RunningServer(HttpServer::Limits limits = {}, std::size_t reason_bytes = 0)
        : server_(loop_, "127.0.0.1:0",
                  WebSite([this] { return tasks_.views(); }, {.host = "relay-1",
                                                              .backend = "process",
                                                              .tasks_folder = "/etc/dts/tasks.d",
                                                              .folder_problem = {},
                                                              .now_us = 0,
                                                              .nonce = {}}),
                  limits) {
        tasks_.add_many(3);
        tasks_.add("off", TaskState::stopped).reason.assign(reason_bytes, 'x');
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~RunningServer() {
        loop_.stop();
        thread_.join();
    }

    std::uint16_t port() const { return server_.port(); }

  private:
    test::SampleTasks tasks_;
    boost::asio::io_context loop_;
    HttpServer server_;
    std::thread thread_;
};

constexpr std::string_view get_health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

HttpAnswer ask(std::uint16_t port, std::string_view request) {
    HttpClient client(port);
    client.send(request);
    return client.read_answer();
}

}  // namespace

TEST_CASE("http: pages and metrics over a real connection", "[http]") {
    const RunningServer server;
    const HttpAnswer page = ask(server.port(), "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    CHECK(page.status == 200);
    CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
    CHECK(page.header("Content-Security-Policy").starts_with("default-src 'none'"));
    CHECK(page.body.find("3 of 4 tasks running") != std::string::npos);

    const HttpAnswer metrics = ask(server.port(), "GET /metrics HTTP/1.0\r\n\r\n");
    CHECK(metrics.status == 200);
    CHECK(test::read_metrics(metrics.body).at("dts_task_up").samples.size() == 4);

    CHECK(ask(server.port(), "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").status == 421);
    CHECK(ask(server.port(), "DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 405);
}

TEST_CASE("http: HEAD is GET without its body", "[http]") {
    const RunningServer server;
    HttpClient client(server.port());
    client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.send(get_health);
    const HttpAnswer head = client.read_answer(false);
    CHECK(head.status == 200);
    CHECK(head.header("Content-Length") == "3");
    const HttpAnswer next = client.read_answer();  // nothing of a body stands before it
    CHECK(next.body == "ok\n");
}

TEST_CASE("http: a connection serves many requests, also sent at once", "[http]") {
    const RunningServer server;
    HttpClient client(server.port());
    for (int i = 0; i < 3; ++i) {
        client.send(get_health);
        CHECK(client.read_answer().body == "ok\n");
    }
    client.send(std::string(get_health) + std::string(get_health) +
                "GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(client.read_answer().body == "ok\n");
    CHECK(client.read_answer().body == "ok\n");
    CHECK(client.read_answer().status == 404);
    CHECK(client.read_to_end().empty());
}

TEST_CASE("http: what is too large, has a body, or is no request is refused, and the line closed",
          "[http]") {
    const RunningServer server;
    const auto refused = [&](const std::string& request) {
        HttpClient client(server.port());
        client.send(request);
        const HttpAnswer answer = client.read_answer();
        CHECK(answer.header("Connection") == "close");
        CHECK(client.read_to_end().empty());
        return answer.status;
    };
    CHECK(refused("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'x')) == 431);
    CHECK(refused("GET /" + std::string(100'000, 'x')) == 431);
    CHECK(refused("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello") == 413);
    CHECK(refused("hello\r\n\r\n") == 400);
    CHECK(refused("GET / HTTP/9.9\r\n\r\n") == 400);
}

TEST_CASE("http: silent and slow clients are left", "[http]") {
    HttpServer::Limits limits;
    limits.request = limits.idle = 50ms;
    const RunningServer server(limits);
    HttpClient silent(server.port());
    HttpClient slow(server.port());
    slow.send("GET / HTT");
    HttpClient idle(server.port());
    idle.send(get_health);
    CHECK(idle.read_answer().status == 200);
    CHECK(silent.read_to_end().empty());
    CHECK(slow.read_to_end().empty());
    CHECK(idle.read_to_end().empty());
}

TEST_CASE("http: a client that does not take its answer is left", "[http]") {
    HttpServer::Limits limits;
    limits.answer = 100ms;
    limits.idle = 300ms;
    const RunningServer server(limits, 16 << 20);
    HttpClient lazy(server.port(), 4096);
    lazy.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const HttpAnswer begun = lazy.read_answer(false);
    // Others are served meanwhile. This one is left later: then the lazy one has been, too.
    HttpClient idle(server.port());
    idle.send(get_health);
    CHECK(idle.read_answer().body == "ok\n");
    CHECK(idle.read_to_end().empty());
    CHECK(lazy.read_to_end().size() < std::stoul(begun.header("Content-Length")));
}

TEST_CASE("http: the connection that is silent longest makes room for a new one", "[http]") {
    HttpServer::Limits limits;
    limits.connections = 3;
    const RunningServer server(limits);
    HttpClient first(server.port());
    first.send(get_health);
    CHECK(first.read_answer().status == 200);
    HttpClient second(server.port());
    second.send(get_health);
    CHECK(second.read_answer().status == 200);
    HttpClient third(server.port());
    third.send(get_health);
    CHECK(third.read_answer().status == 200);
    first.send(get_health);
    CHECK(first.read_answer().status == 200);

    HttpClient fourth(server.port());
    fourth.send(get_health);
    CHECK(fourth.read_answer().status == 200);
    CHECK(second.read_to_end().empty());
    first.send(get_health);
    CHECK(first.read_answer().status == 200);
    third.send(get_health);
    CHECK(third.read_answer().status == 200);
}

TEST_CASE("http: an address that is none, or is taken, is refused with its words", "[http]") {
    boost::asio::io_context loop;
    const WebSite site([] { return std::vector<const TaskView*>(); }, {});
    for (const char* address : {"", "9464", "localhost:9464", "127.0.0.1", "127.0.0.1:", "::1:9464",
                                "[127.0.0.1]:9464", "127.0.0.1:70000", "127.0.0.1:94x"}) {
        INFO(address);
        CHECK_THROWS_AS(HttpServer(loop, address, site), Error);
    }
    const HttpServer server(loop, "127.0.0.1:0", site);
    CHECK_FALSE(server.is_open_to_others());
    const std::string taken = server.address();
    CHECK(taken == fmt::format("127.0.0.1:{}", server.port()));
    CHECK_THROWS_WITH(HttpServer(loop, taken, site),
                      Catch::Contains(taken + ": Address already in use, HINT: "));
    CHECK(HttpServer(loop, "0.0.0.0:0", site).is_open_to_others());
}

TEST_CASE("http: a server that goes closes its connections", "[http]") {
    auto server = std::make_unique<RunningServer>();
    HttpClient client(server->port());
    client.send(get_health);
    CHECK(client.read_answer().status == 200);
    server.reset();
    CHECK(client.read_to_end().empty());
}

}  // namespace dts
