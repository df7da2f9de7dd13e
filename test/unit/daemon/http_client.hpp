// A connection to a server on the loopback that says exactly what a test wants said, and reads what
// comes back. Nothing waits longer than ten seconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dts::test {

struct HttpAnswer {
    int status = 0;
    std::string head;
    std::string body;

    /// "" when there is none.
    std::string header(std::string_view name) const;
};

class HttpClient {
  public:
    /// `receive_bytes`: of the socket's buffer, for a client that takes little; 0: as usual.
    explicit HttpClient(std::uint16_t port, int receive_bytes = 0);
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    void send(std::string_view text);
    /// Throws when the connection ends, or nothing comes, before the answer is whole.
    HttpAnswer read_answer(bool has_body = true);
    /// Everything up to the end; a reset is an end, too.
    std::string read_to_end();

  private:
    bool read_more();

    int socket_ = -1;
    std::string received_;
};

}  // namespace dts::test
