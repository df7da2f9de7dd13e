// mongo-standin: a server that speaks MongoDB's wire protocol, for tests where no mongod can be
// had.
//
//   mongo-standin --folder DIR --port N [--set NAME]
//
// It listens on 127.0.0.1, says "ready for connections" on standard output, and ends with SIGTERM.
// What it knows is in README.md.
// At -O1 g++ 12 takes Asio's scheduler for one that follows null pointers.
#pragma GCC diagnostic ignored "-Wnull-dereference"

#include <boost/asio/signal_set.hpp>

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "test/servers/mongo/network.hpp"

namespace {

std::string option(int count, char** arguments, const char* name, const char* fallback) {
    for (int index = 1; index + 1 < count; ++index) {
        if (std::strcmp(arguments[index], name) == 0) return arguments[index + 1];
    }
    return fallback;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        const auto folder = option(count, arguments, "--folder", "");
        const auto port = option(count, arguments, "--port", "");
        if (folder.empty() || port.empty()) {
            std::fputs("usage: mongo-standin --folder DIR --port N [--set NAME]\n", stderr);
            return 64;
        }
        boost::asio::io_context loop;
        standin::Server server(folder, option(count, arguments, "--set", "rs0"),
                               "127.0.0.1:" + port);
        standin::Network network(loop, server, static_cast<std::uint16_t>(std::stoul(port)));
        boost::asio::signal_set ends(loop, SIGTERM, SIGINT);
        ends.async_wait([&](const boost::system::error_code&, int) { loop.stop(); });
        std::puts("ready for connections");
        std::fflush(stdout);
        loop.run();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "mongo-standin: %s\n", error.what());
        return 70;
    }
}
