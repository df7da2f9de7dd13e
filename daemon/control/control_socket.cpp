#include "daemon/control/control_socket.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <unistd.h>
#include <vector>

#include "daemon/control/control_call.hpp"
#include "daemon/control/peer_rights.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

using Local = boost::asio::local::stream_protocol;

constexpr std::size_t longest_call = 64 * 1024;
constexpr std::size_t most_sessions = 256;
constexpr std::chrono::seconds watch_interval{1};

std::string list_of(const Supervisor& supervisor) {
    std::string json = "[";
    for (const TaskView* const view : supervisor.tasks()) {
        if (json.size() > 1) json += ',';
        json += to_json(*view);
    }
    return json + ']';
}

}  // namespace

struct ControlSocket::Server : std::enable_shared_from_this<Server> {
    struct Session;

    Server(boost::asio::io_context& io, Supervisor& tasks, Options given)
        : loop(io),
          supervisor(tasks),
          options(std::move(given)),
          operators(group_called(options.operators_group)),
          acceptor(io) {}

    void open() {
        std::error_code ignored;
        std::filesystem::remove(options.path, ignored);
        try {
            acceptor.open(Local());
            acceptor.bind(Local::endpoint(options.path.string()));
            if (::chmod(options.path.c_str(), 0666) != 0) {
                throw boost::system::system_error(errno, boost::system::system_category());
            }
            acceptor.listen();
        } catch (const boost::system::system_error& error) {
            throw Error(ErrorKind::config, fmt::format("listening at {}: {}", options.path.string(),
                                                       error.code().message()));
        }
        const std::weak_ptr<Server> weak = weak_from_this();
        supervisor.listen([weak](const std::string&, const TaskView*) {
            if (const auto self = weak.lock()) self->changed();
        });
        accept();
    }

    void accept();
    void changed();

    boost::asio::io_context& loop;
    Supervisor& supervisor;
    const Options options;
    const std::optional<gid_t> operators;
    Local::acceptor acceptor;
    std::vector<std::weak_ptr<Session>> sessions;
    bool is_changed = false;
    bool closed = false;
};

struct ControlSocket::Server::Session : std::enable_shared_from_this<Session> {
    Session(std::shared_ptr<Server> owner, Local::socket connection)
        : server(std::move(owner)), socket(std::move(connection)), timer(server->loop) {}

    void read() {
        boost::asio::async_read_until(
            socket, boost::asio::dynamic_buffer(input, longest_call), '\n',
            [self = shared_from_this()](const boost::system::error_code& failed, std::size_t size) {
                if (failed) return self->close();
                const std::string line = self->input.substr(0, size);
                self->input.erase(0, size);
                self->take(line);
            });
    }

    void take(const std::string& line) {
        const auto call = parse_call(line);
        if (!call) {
            return refuse({ControlFault::bad_call, "not a call: a JSON object on one line", ""});
        }
        if (call->call == "list") return answer(list_of(server->supervisor));
        if (call->call == "daemon") return answer(server->options.about);
        if (call->call == "task") return tell(call->task);
        if (call->call == "watch") return watch();
        if (call->call == "validate") return validate(call->file);
        if (call->call == "start") return act(call->task, &Supervisor::start);
        if (call->call == "stop") return act(call->task, &Supervisor::stop);
        if (call->call == "restart") return act(call->task, &Supervisor::restart);
        refuse({ControlFault::bad_call, fmt::format("there is no call '{}'", call->call),
                "list, task, start, stop, restart, validate, watch, daemon"});
    }

    void tell(const std::string& task) {
        if (const TaskView* const view = server->supervisor.find(task)) {
            return answer(to_json(*view));
        }
        refuse(no_task(task));
    }

    static ControlRefusal no_task(const std::string& task) {
        return {ControlFault::no_task, fmt::format("there is no task '{}'", task),
                "dtsctl list shows those that there are"};
    }

    void act(const std::string& task,
             void (Supervisor::*action)(const std::string&, Supervisor::Done)) {
        if (!is_operator()) return refuse(not_allowed());
        if (server->supervisor.find(task) == nullptr) return refuse(no_task(task));
        (server->supervisor.*action)(
            task, [self = shared_from_this(), task](const std::optional<std::string>& problem) {
                if (problem) return self->refuse(refusal_of(ControlFault::failed, *problem));
                const TaskView* const view = self->server->supervisor.find(task);
                self->answer(view != nullptr ? to_json(*view) : "null");
            });
    }

    void validate(const std::string& file) {
        // It reads with the daemon's rights: not for everybody.
        if (!is_operator()) return refuse(not_allowed());
        const std::filesystem::path path(file);
        if (!path.is_absolute()) {
            return refuse({ControlFault::bad_call, "\"file\" must be an absolute path", ""});
        }
        answer(problem_json(server->supervisor.validate(path).value_or("")));
    }

    bool is_operator() {
        const auto peer = peer_of(socket.native_handle());
        return peer && may_act(*peer, ::geteuid(), server->operators);
    }

    ControlRefusal not_allowed() const {
        return {
            ControlFault::not_allowed, "you may look, but not act",
            fmt::format("root and members of the group {} may", server->options.operators_group)};
    }

    // ---- watch ----------------------------------------------------------------------------------

    void watch() {
        watches = true;
        show();
        // Nothing more is read, but the end of the connection must be seen.
        boost::asio::async_read(
            socket, boost::asio::buffer(ignored),
            [self = shared_from_this()](const boost::system::error_code& failed, std::size_t) {
                if (failed) self->close();
            });
    }

    void show() {
        if (!watches || closed) return;
        // A slow reader gets what is true when he is ready, not all that was.
        if (output.empty()) send(result_line(list_of(server->supervisor)));
        timer.expires_after(watch_interval);
        timer.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
            const auto self = weak.lock();
            if (self && !cancelled) self->show();
        });
    }

    // ---- answers --------------------------------------------------------------------------------

    void answer(std::string_view json) { send(result_line(json)); }
    void refuse(const ControlRefusal& refusal) { send(refusal_line(refusal)); }

    void send(std::string line) {
        if (closed) return;
        output.push_back(std::move(line));
        if (output.size() == 1) write();
    }

    void write() {
        boost::asio::async_write(
            socket, boost::asio::buffer(output.front()),
            [self = shared_from_this()](const boost::system::error_code& failed, std::size_t) {
                if (failed) return self->close();
                self->output.pop_front();
                if (!self->output.empty()) return self->write();
                // The next call is read when this one's answer has been taken.
                if (!self->watches) self->read();
            });
    }

    void close() {
        closed = true;
        timer.cancel();
        boost::system::error_code none;
        socket.close(none);
    }

    std::shared_ptr<Server> server;
    Local::socket socket;
    boost::asio::steady_timer timer;
    std::string input;
    std::deque<std::string> output;
    char ignored[64];
    bool watches = false;
    bool closed = false;
};

void ControlSocket::Server::accept() {
    acceptor.async_accept([self = shared_from_this()](const boost::system::error_code& failed,
                                                      Local::socket connection) {
        if (self->closed) return;
        std::erase_if(self->sessions, [](const auto& session) { return session.expired(); });
        if (!failed && self->sessions.size() < most_sessions) {
            auto session = std::make_shared<Session>(self, std::move(connection));
            self->sessions.push_back(session);
            session->read();
        }
        self->accept();
    });
}

void ControlSocket::Server::changed() {
    if (std::exchange(is_changed, true)) return;
    boost::asio::post(loop, [self = shared_from_this()] {
        self->is_changed = false;
        for (const auto& weak : self->sessions) {
            if (const auto session = weak.lock()) session->show();
        }
    });
}

ControlSocket::ControlSocket(boost::asio::io_context& loop, Supervisor& supervisor, Options options)
    : server_(std::make_shared<Server>(loop, supervisor, std::move(options))) {
    server_->open();
}

ControlSocket::~ControlSocket() {
    server_->closed = true;
    boost::system::error_code ignored;
    server_->acceptor.close(ignored);
    for (const auto& weak : server_->sessions) {
        if (const auto session = weak.lock()) session->close();
    }
    std::error_code also_ignored;
    std::filesystem::remove(server_->options.path, also_ignored);
}

}  // namespace dts
