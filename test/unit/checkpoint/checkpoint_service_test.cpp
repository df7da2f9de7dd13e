#include "lib/checkpoint/checkpoint_service.hpp"

#include <sys/resource.h>

#include <csignal>
#include <future>

#include "test/unit/checkpoint/positions.hpp"

using namespace dts;
using namespace std::chrono_literals;

namespace {

/// While it lives no file of this process can grow: every write fails as on a full disk.
class FullDisk {
  public:
    FullDisk() {
        ::getrlimit(RLIMIT_FSIZE, &was_);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit none{0, was_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &was_);
        std::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    rlimit was_{};
    void (*handler_)(int) = nullptr;
};

struct Fixture {
    TemporaryDirectory folder;
    LogDirectory directory{folder.path()};
    std::vector<std::uint64_t> durable;

    std::unique_ptr<PositionLog> log() { return std::make_unique<PositionLog>(directory); }
    CheckpointCallbacks callbacks() {
        return {[this](const PositionPtr& position) {
                    // Acknowledged means on disk: what is there now must be this position.
                    CHECK(offset_of(read_log(folder.path()).position) == offset_of(position));
                    durable.push_back(offset_of(position));
                },
                [](const std::exception_ptr&) { FAIL("recording failed"); }};
    }
    std::size_t lines() const {
        const auto text = read_text(folder / "position.log");
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
};

}  // namespace

TEST_CASE("checkpoint service: the start is on disk before anything is applied") {
    Fixture fixture;
    CheckpointService service(fixture.log(), 1h, fixture.callbacks());
    service.record_start(at(100), codecs());
    CHECK(offset_of(read_log(fixture.folder.path()).position) == 100);
    CHECK(fixture.durable == std::vector<std::uint64_t>{100});
}

TEST_CASE("checkpoint service: finish records the last pair, and only if it changed") {
    Fixture fixture;
    CheckpointService service(fixture.log(), 1h, fixture.callbacks());
    service.record_start(at(100), codecs());
    SECTION("changed") {
        service.advanced(at(250), at(200));
        service.advanced(at(350), at(300));
        service.finish();
        CHECK(fixture.durable == std::vector<std::uint64_t>{100, 300});
        CHECK(fixture.lines() == 4);
        service.finish();
        CHECK(fixture.lines() == 4);
    }
    SECTION("unchanged") {
        service.finish();
        CHECK(fixture.lines() == 2);
    }
}

TEST_CASE("checkpoint service: what is asked for is on disk at once, or the reason is thrown") {
    Fixture fixture;
    auto callbacks = fixture.callbacks();
    callbacks.on_failure = [](const std::exception_ptr&) {};
    CheckpointService service(fixture.log(), 1h, callbacks);
    service.record_start(at(100), codecs());
    service.advanced(at(250), at(200));
    service.record_now();
    CHECK(offset_of(read_log(fixture.folder.path()).position) == 200);
    service.advanced(at(350), at(300));
    const FullDisk full;
    for (int times = 0; times < 2; ++times) {
        const auto error = thrown_by([&] { service.record_now(); });
        REQUIRE(error);
        CHECK(error->kind() == ErrorKind::durability);
    }
}

TEST_CASE("checkpoint service: every interval a pair is appended, changed or not") {
    Fixture fixture;
    std::promise<void> reached;
    int pairs = 0;
    CheckpointService service(fixture.log(), 1ms,
                              {[&](const PositionPtr&) {
                                   if (++pairs == 4) reached.set_value();
                               },
                               {}});
    service.record_start(at(100), codecs());
    reached.get_future().wait();
    service.finish();
    CHECK(fixture.lines() >= 8);
    CHECK(offset_of(read_log(fixture.folder.path()).position) == 100);
}

TEST_CASE("checkpoint service: what could not be recorded is not acknowledged, and is told once") {
    Fixture fixture;
    std::promise<std::exception_ptr> failed;
    int failures = 0;
    CheckpointService service(
        fixture.log(), 1ms,
        {[&](const PositionPtr& position) { fixture.durable.push_back(offset_of(position)); },
         [&](std::exception_ptr error) {
             if (++failures == 1) failed.set_value(std::move(error));
         }});
    service.record_start(at(100), codecs());
    {
        const FullDisk full;
        service.advanced(at(200), at(200));
        const auto error = failed.get_future().get();
        CHECK_THROWS_AS(std::rethrow_exception(error), Error);
    }
    service.advanced(at(300), at(300));
    const auto error = thrown_by([&] { service.finish(); });
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::durability);
    CHECK(failures == 1);
    // Pairs at 200 may have been written between the two; each was on disk when acknowledged.
    const auto on_disk = offset_of(read_log(fixture.folder.path()).position);
    CHECK(on_disk == fixture.durable.back());
    CHECK(on_disk != 300);
}

TEST_CASE("checkpoint service: a failed finish throws and acknowledges nothing") {
    Fixture fixture;
    CheckpointService service(fixture.log(), 1h, fixture.callbacks());
    service.record_start(at(100), codecs());
    service.advanced(at(200), at(200));
    std::optional<Error> error;
    {
        const FullDisk full;
        error = thrown_by([&] { service.finish(); });
    }
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::durability);
    CHECK(fixture.durable == std::vector<std::uint64_t>{100});
    CHECK(offset_of(read_log(fixture.folder.path()).position) == 100);
}

TEST_CASE("position log: a write that failed once is not trusted again; a new start goes on") {
    Fixture fixture;
    {
        PositionLog log(fixture.directory);
        log.start_at(at(100), codecs());
        {
            const FullDisk full;
            CHECK(thrown_by([&] { log.append(at(200), at(200)); }));
        }
        const auto again = thrown_by([&] { log.append(at(200), at(200)); });
        REQUIRE(again);
        CHECK(again->kind() == ErrorKind::durability);
    }
    CHECK(offset_of(read_log(fixture.folder.path()).position) == 100);
    PositionLog log(fixture.directory);
    log.start_at(at(100), codecs());
    log.append(at(200), at(200));
    CHECK(offset_of(read_log(fixture.folder.path()).position) == 200);
}

TEST_CASE("checkpoint service: what is told as recorded is on disk, and not yet acknowledged") {
    Fixture fixture;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> recorded;
    auto callbacks = fixture.callbacks();
    callbacks.on_recorded = [&](const PositionPtr& current, const PositionPtr& checkpoint) {
        CHECK(offset_of(read_log(fixture.folder.path()).position) == offset_of(checkpoint));
        CHECK(fixture.durable.size() == recorded.size());
        recorded.emplace_back(offset_of(current), offset_of(checkpoint));
    };
    CheckpointService service(fixture.log(), 1h, callbacks);
    service.record_start(at(100), codecs());
    service.advanced(at(250), at(200));
    service.finish();
    CHECK(recorded == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{100, 100}, {250, 200}});
}
