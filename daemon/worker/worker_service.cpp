#include "daemon/worker/worker_service.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <signal.h>
#include <thread>
#include <unistd.h>

#include "daemon/service/notify.hpp"
#include "daemon/worker/service_notes.hpp"
#include "lib/control/status_socket.hpp"
#include "lib/task/task.hpp"

namespace dts {

namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

/// Ends the process this long from now, whatever it waits for then: a server that takes connections
/// and never answers, a name that cannot be looked up, a disk that hangs. A task is safe against a
/// kill at any moment, so it is against this.
void end_at_last(unsigned seconds) {
    ::signal(SIGALRM, [](int) {
        constexpr std::string_view note = "dts-worker: stopped without waiting any longer\n";
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, note.data(), note.size());
        ::_exit(0);
    });
    ::alarm(seconds);
}

/// The task runs in a thread of its own; the caller's waits for signals and for the clock.
class Service {
  public:
    Service(TaskConfig config, const std::optional<std::filesystem::path>& status_socket)
        : task_(std::move(config),
                [this](TaskState state, const std::string&) {
                    asio::post(loop_, [this, state] { state_changed(state); });
                }),
          signals_(loop_, SIGTERM, SIGINT) {
        if (status_socket)
            socket_.emplace(loop_, *status_socket, [this] { return task_.status(); });
    }

    void run() {
        signals_.async_wait([this](const ErrorCode& aborted, int) {
            if (!aborted && !has_ended_) stop();
        });
        tick();
        std::exception_ptr failure;
        std::jthread worker([&] {
            try {
                task_.run();
            } catch (...) {
                failure = std::current_exception();
            }
            asio::post(loop_, [this] { ended(); });
        });
        loop_.run();
        worker.join();
        if (failure) std::rethrow_exception(failure);
    }

  private:
    void stop() {
        constexpr std::chrono::seconds target_patience{7};
        constexpr unsigned all_patience_secs = 9;
        end_at_last(all_patience_secs);
        notify_stopping();
        task_.stop();
        patience_.expires_after(target_patience);
        patience_.async_wait([this](const ErrorCode& cancelled) {
            if (!cancelled) task_.interrupt_target();
        });
    }

    void state_changed(TaskState state) {
        notes_.state(state);
        notes_.tell(task_.status());
        if (socket_) socket_->changed();
    }

    void tick() {
        task_.look();
        notes_.tick(task_.is_alive(), [this] { return task_.status(); });
        timer_.expires_after(notes_.tick_interval());
        timer_.async_wait([this](const ErrorCode& cancelled) {
            if (!cancelled && !has_ended_) tick();
        });
    }

    /// Nothing is left to wait for but that the last status is sent.
    void ended() {
        has_ended_ = true;
        signals_.cancel();
        patience_.cancel();
        timer_.cancel();
        notify_stopping();
        if (socket_) socket_->finish([] {});
    }

    asio::io_context loop_;
    Task task_;
    asio::signal_set signals_;
    asio::steady_timer patience_{loop_};
    asio::steady_timer timer_{loop_};
    std::optional<StatusSocket> socket_;
    ServiceNotes notes_;
    bool has_ended_ = false;
};

}  // namespace

void run_service(TaskConfig config, const std::optional<std::filesystem::path>& status_socket) {
    Service(std::move(config), status_socket).run();
}

}  // namespace dts
