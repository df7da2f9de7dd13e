#include "daemon/dtsctl/log_follow.hpp"

#include <catch2/catch.hpp>

#include <poll.h>

#include "test/unit/temporary_directory.hpp"

using namespace dts;
namespace fs = std::filesystem;

namespace {

struct Followed {
    void write(const std::string& text) const { std::ofstream(file, std::ios::app) << text; }
    /// What is shown, once the file system has said that there is something.
    std::string more() {
        pollfd wanted{follow.fd(), POLLIN, 0};
        if (::poll(&wanted, 1, 10'000) != 1) return "nothing came";
        follow.show_more();
        return std::exchange(shown, {});
    }
    std::string end(std::size_t lines) {
        follow.show_end(lines);
        return std::exchange(shown, {});
    }

    TemporaryDirectory folder;
    fs::path file = folder / "default.log";
    std::string shown;
    LogFollow follow{file, [this](std::string_view line) { shown.append(line).append("|"); }};
};

}  // namespace

TEST_CASE("log follow: the last lines, and what comes after them", "[daemon]") {
    Followed log;
    log.write("one\ntwo\nthree\n");
    CHECK(log.end(2) == "two|three|");
    log.write("four\nhal");
    CHECK(log.more() == "four|");
    log.write("f\n");
    CHECK(log.more() == "half|");
}

TEST_CASE("log follow: more lines than there are, none, and long logs", "[daemon]") {
    Followed log;
    log.write("one\ntwo\n");
    CHECK(log.end(50) == "one|two|");
    CHECK(Followed().end(5) == "");
    Followed none;
    none.write("one\n");
    CHECK(none.end(0) == "");
    Followed longer;
    std::string text;
    for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + "\n";
    longer.write(text);
    CHECK(longer.end(3) == "49997|49998|49999|");
}

TEST_CASE("log follow: a log that is renamed and made again is followed", "[daemon]") {
    Followed log;
    log.write("one\n");
    REQUIRE(log.end(1) == "one|");
    log.write("two\n");
    fs::rename(log.file, log.folder / "default.log.1");
    std::ofstream(log.folder / "default.log.1", std::ios::app) << "three\n";
    log.write("four\n");
    CHECK(log.more() == "two|three|four|");
}

TEST_CASE("log follow: a log that is copied and cut is followed", "[daemon]") {
    Followed log;
    log.write("a first line\n");
    REQUIRE(log.end(1) == "a first line|");
    fs::resize_file(log.file, 0);
    log.write("b\n");
    CHECK(log.more() == "b|");
}

TEST_CASE("log follow: a log that is not there yet is awaited", "[daemon]") {
    Followed log;
    CHECK(log.end(10) == "");
    log.write("one\n");
    CHECK(log.more() == "one|");
}
