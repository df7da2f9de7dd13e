// dtsctl's end of the daemon's socket. Waits; one thread at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "daemon/control/control_call.hpp"
#include "lib/base/file_handle.hpp"

namespace dts {

class ControlClient {
  public:
    /// Nothing when no dtsd listens there (`why`, when given, says it in the system's words).
    static std::optional<ControlClient> connect(const std::filesystem::path& socket,
                                                std::string* why = nullptr);

    /// Throws Error{unreachable} when the daemon has gone.
    void send(const ControlCall& call);
    /// The next line, without its end. Throws likewise.
    std::string read_line();
    /// The next line, when a whole one has come already; nothing when not. Throws likewise.
    std::optional<std::string> take_line();
    ControlAnswer ask(const ControlCall& call) { return send(call), parse_answer(read_line()); }

    /// Readable when more has come.
    int fd() const noexcept { return socket_.get(); }
    /// False when nothing comes in that time.
    bool wait(std::chrono::milliseconds timeout) const;

  private:
    explicit ControlClient(FileHandle socket) : socket_(std::move(socket)) {}
    void receive();

    FileHandle socket_;
    std::string input_;
};

/// One line from a Unix socket that speaks first; nothing when there is none, or it is silent.
std::optional<std::string> first_line_from(const std::filesystem::path& socket,
                                           std::chrono::milliseconds timeout);

}  // namespace dts
