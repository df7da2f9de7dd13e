// Asio's inlined queues look like null dereferences to the optimiser, here and below.
#pragma GCC diagnostic ignored "-Wnull-dereference"

#include "lib/control/status_socket.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <set>
#include <utility>

#include "lib/base/error.hpp"

namespace dts {

namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using ErrorCode = boost::system::error_code;
using Clock = std::chrono::steady_clock;

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view why,
                         std::string hint) {
    throw Error(ErrorKind::log_directory, fmt::format("status socket {}: {}", path.string(), why),
                std::move(hint));
}

Local::endpoint endpoint_of(const std::filesystem::path& path) {
    constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
    if (path.native().size() > longest) {
        refuse(path,
               fmt::format("the path has {} bytes, a socket's may have {}", path.native().size(),
                           longest),
               "name a shorter one with --status-socket");
    }
    return Local::endpoint(path.native());
}

/// A socket that nobody listens on is left from a killed worker, and in the way.
void remove_stale(asio::io_context& loop, const std::filesystem::path& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return;
    if (!S_ISSOCK(found.st_mode)) {
        refuse(path, "there is a file of that name that is no socket",
               "remove it, or name another");
    }
    Local::socket probe(loop);
    ErrorCode error;
    probe.connect(endpoint_of(path), error);
    if (!error) {
        refuse(path, "another worker listens there",
               "stop it, or give this one another with --status-socket");
    }
    ::unlink(path.c_str());
}

}  // namespace

struct StatusSocket::Server : std::enable_shared_from_this<Server> {
    struct Reader {
        explicit Reader(Local::socket s) : socket(std::move(s)) {}
        Local::socket socket;
        std::string sent;  ///< the line that it has, or is being sent
        bool is_writing = false;
        bool is_behind = false;       ///< a newer line waits for the end of this write
        Clock::time_point took_at{};  ///< something of this line, last
        char ignored[64];
    };
    using ReaderPtr = std::shared_ptr<Reader>;

    Server(asio::io_context& loop, std::filesystem::path where,
           std::function<WorkerStatus()> get_status, const Limits& most)
        : path(std::move(where)),
          status(std::move(get_status)),
          limits(most),
          acceptor(loop),
          timer(loop) {
        std::filesystem::path fresh = path;
        fresh += ".new";
        const Local::endpoint endpoint = endpoint_of(fresh);
        remove_stale(loop, path);
        try {
            ::unlink(fresh.c_str());
            acceptor.open();
            acceptor.bind(endpoint);
            ::chmod(fresh.c_str(), 0666);
            acceptor.listen();
            // Whoever sees the name can connect.
            if (::rename(fresh.c_str(), path.c_str()) != 0) {
                throw boost::system::system_error(errno, boost::system::system_category());
            }
        } catch (const boost::system::system_error& error) {
            refuse(path, error.code().message(),
                   "its folder must be there and be writable for the worker's user");
        }
    }

    void accept() {
        acceptor.async_accept(
            [self = shared_from_this()](const ErrorCode& error, Local::socket socket) {
                if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
                if (error) {
                    // Out of file descriptors, most likely: they do not come back at once.
                    self->accept_later = true;
                    self->tick_later();
                    return;
                }
                if (self->readers.size() < self->limits.most_readers) self->add(std::move(socket));
                self->accept();
            });
    }

    void add(Local::socket socket) {
        auto reader = std::make_shared<Reader>(std::move(socket));
        readers.insert(reader);
        notice_end(reader);
        send(reader, to_json(status()) + '\n');
        tick_later();
    }

    /// Nothing is expected from a reader but its end.
    void notice_end(const ReaderPtr& reader) {
        reader->socket.async_read_some(
            asio::buffer(reader->ignored),
            [self = shared_from_this(), reader](const ErrorCode& error, std::size_t) {
                if (error) return self->drop(reader);
                self->notice_end(reader);
            });
    }

    void send(const ReaderPtr& reader, const std::string& line) {
        if (reader->is_writing) {
            reader->is_behind = true;
            return;
        }
        if (reader->sent == line) return written(reader);
        reader->sent = line;
        reader->is_writing = true;
        reader->took_at = Clock::now();
        const auto until_all = [reader](const ErrorCode& error, std::size_t taken) {
            if (taken > 0) reader->took_at = Clock::now();
            return asio::transfer_all()(error, taken);
        };
        asio::async_write(reader->socket, asio::buffer(reader->sent), until_all,
                          [self = shared_from_this(), reader](const ErrorCode& error, std::size_t) {
                              reader->is_writing = false;
                              if (error) return self->drop(reader);
                              self->written(reader);
                          });
    }

    void written(const ReaderPtr& reader) {
        if (!readers.contains(reader)) return;
        if (std::exchange(reader->is_behind, false)) {
            send(reader, to_json(status()) + '\n');
        } else if (done) {
            drop(reader);
        }
    }

    void drop(const ReaderPtr& reader) {
        if (readers.erase(reader) == 0) return;
        ErrorCode ignored;
        reader->socket.close(ignored);
        if (readers.empty() && done) finished();
    }

    void send_to_all() {
        if (readers.empty()) return;
        const std::string line = to_json(status()) + '\n';
        for (const ReaderPtr& reader : std::set(readers)) send(reader, line);
    }

    /// The timer runs only while somebody listens.
    void tick_later() {
        if (is_ticking || (readers.empty() && !accept_later)) return;
        is_ticking = true;
        timer.expires_after(limits.interval);
        timer.async_wait([self = shared_from_this()](const ErrorCode& error) {
            self->is_ticking = false;
            if (error) return;
            if (std::exchange(self->accept_later, false)) self->accept();
            self->drop_deaf();
            self->send_to_all();
            self->tick_later();
        });
    }

    void drop_deaf() {
        const auto oldest = Clock::now() - limits.patience;
        for (const ReaderPtr& reader : std::set(readers)) {
            if (reader->is_writing && reader->took_at < oldest) drop(reader);
        }
    }

    void finish(std::function<void()> when_done) {
        done = std::move(when_done);
        stop_listening();
        timer.expires_after(limits.patience);
        timer.async_wait([self = shared_from_this()](const ErrorCode& error) {
            if (!error) self->close_all();
        });
        is_ticking = true;
        send_to_all();
        if (readers.empty()) finished();
    }

    void finished() {
        timer.cancel();
        if (const auto call = std::exchange(done, nullptr)) call();
    }

    void stop_listening() {
        if (!acceptor.is_open()) return;
        ErrorCode ignored;
        acceptor.close(ignored);
        ::unlink(path.c_str());
    }

    void close_all() {
        for (const ReaderPtr& reader : std::set(readers)) drop(reader);
    }

    const std::filesystem::path path;
    const std::function<WorkerStatus()> status;
    const Limits limits;
    Local::acceptor acceptor;
    asio::steady_timer timer;
    std::set<ReaderPtr> readers;
    bool is_ticking = false;
    bool accept_later = false;
    std::function<void()> done;
};

StatusSocket::StatusSocket(asio::io_context& loop, std::filesystem::path path,
                           std::function<WorkerStatus()> status, Limits limits)
    : server_(std::make_shared<Server>(loop, std::move(path), std::move(status), limits)) {
    server_->accept();
}

StatusSocket::StatusSocket(asio::io_context& loop, std::filesystem::path path,
                           std::function<WorkerStatus()> status)
    : StatusSocket(loop, std::move(path), std::move(status), Limits{}) {}

StatusSocket::~StatusSocket() {
    server_->done = nullptr;
    server_->stop_listening();
    server_->close_all();
    server_->timer.cancel();
}

void StatusSocket::changed() {
    server_->send_to_all();
}

void StatusSocket::finish(std::function<void()> done) {
    server_->finish(std::move(done));
}

struct StatusReader::Connection : std::enable_shared_from_this<Connection> {
    /// A status with a GTID set of many servers is long; what is longer is none.
    static constexpr std::size_t longest_line = std::size_t{4} << 20;

    Connection(asio::io_context& loop, Events e) : socket(loop), events(std::move(e)) {}

    void open(const std::filesystem::path& path) {
        try {
            socket.async_connect(endpoint_of(path),
                                 [self = shared_from_this()](const ErrorCode& error) {
                                     if (error) return self->end();
                                     self->read();
                                 });
        } catch (const Error&) {
            asio::post(socket.get_executor(), [self = shared_from_this()] { self->end(); });
        }
    }

    void read() {
        asio::async_read_until(
            socket, asio::dynamic_buffer(received, longest_line), '\n',
            [self = shared_from_this()](const ErrorCode& error, std::size_t length) {
                if (error) return self->end();
                self->take(length);
            });
    }

    void take(std::size_t length) {
        if (is_closed) return;
        std::optional<WorkerStatus> status;
        try {
            status = worker_status_of(std::string_view(received).substr(0, length - 1));
        } catch (const Error&) {
            return end();
        }
        received.erase(0, length);
        events.on_status(std::move(*status));
        if (!is_closed) read();
    }

    void end() {
        if (is_closed) return;
        close();
        events.on_end();
    }

    void close() {
        is_closed = true;
        ErrorCode ignored;
        socket.close(ignored);
    }

    Local::socket socket;
    std::string received;
    Events events;
    bool is_closed = false;
};

StatusReader::StatusReader(asio::io_context& loop, const std::filesystem::path& path, Events events)
    : connection_(std::make_shared<Connection>(loop, std::move(events))) {
    connection_->open(path);
}

StatusReader::~StatusReader() {
    connection_->close();
}

}  // namespace dts
