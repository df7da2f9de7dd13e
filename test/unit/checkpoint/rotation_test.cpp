// Rotation and crashes: after every step that reaches the disk the directory is copied as a crash
// would leave it, and what a task finds there is checked.
#include "lib/checkpoint/checksummed_log.hpp"
#include "test/unit/checkpoint/positions.hpp"

using namespace dts;

namespace {

/// Copies of the directory after each step, with what had been appended for sure by then.
struct CrashPoint {
    std::string step;
    std::filesystem::path copy;
    std::uint64_t appended;   ///< append had returned for this offset; 0: for none
    std::uint64_t appending;  ///< and was at work on this one
};

class CrashRecorder {
  public:
    explicit CrashRecorder(const std::filesystem::path& watched) : watched_(watched) {}

    ChecksummedLogOptions options(std::uint64_t rotate_bytes) {
        return {rotate_bytes, 2, [this](std::string_view step) { record(step); }};
    }
    void begin(std::uint64_t offset) { appending_ = offset; }
    void end() { appended_ = appending_; }
    void record(std::string_view step) {
        const auto copy = copies_ / std::to_string(points_.size());
        std::filesystem::copy(watched_, copy);
        points_.push_back({std::string(step), copy, appended_, appending_});
    }
    const std::vector<CrashPoint>& points() const { return points_; }

  private:
    std::filesystem::path watched_;
    TemporaryDirectory copies_;
    std::vector<CrashPoint> points_;
    std::uint64_t appended_ = 0;
    std::uint64_t appending_ = 0;
};

void append(CrashRecorder& crashes, PositionLog& log, std::uint64_t offset, bool is_start) {
    crashes.begin(offset);
    if (is_start)
        log.start_at(at(offset), codecs());
    else
        log.append(at(offset), at(offset));
    crashes.end();
}

/// What was appended for sure, or what was being appended, is found; and the task can go on.
void check_each(const CrashRecorder& crashes) {
    for (const auto& point : crashes.points()) {
        INFO("crash after \"" << point.step << "\" while appending " << point.appending);
        const auto reading = read_log(point.copy);
        const auto found = offset_of(reading.position);
        CHECK((found == point.appended || found == point.appending));
        if (found == 0) CHECK_FALSE(reading.expected);
        // Checksums are on disk before their lines, so a crash never leaves lines without one.
        for (const auto& warning : reading.warnings)
            CHECK_THAT(warning, !Catch::Contains("no checksum"));

        LogDirectory directory(point.copy);
        PositionLog log(directory, {400, 2, {}});
        const auto start = found == 0 ? point.appending : found;
        log.start_at(at(start), codecs());
        CHECK(offset_of(read_log(point.copy).position) == start);
        if (found != 0) {  // what the crash left is still there behind the new record
            const auto current = read_text(point.copy / "position.log");
            write_text(point.copy / "position.log", "");
            CHECK(offset_or_refusal(point.copy) == found);
            write_text(point.copy / "position.log", current);
        }
        log.append(at(start + 1), at(start + 1));
        CHECK(offset_of(read_log(point.copy).position) == start + 1);
    }
}

std::size_t files_in(const std::filesystem::path& path) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path),
                                                  std::filesystem::directory_iterator()));
}

}  // namespace

TEST_CASE("rotation: a crash at any point loses nothing that was appended") {
    const TemporaryDirectory folder;
    CrashRecorder crashes(folder.path());
    {
        LogDirectory directory(folder.path());
        PositionLog log(directory, crashes.options(800));  // two pairs a file
        append(crashes, log, 100, true);
        for (std::uint64_t offset = 200; offset <= 1200; offset += 100)
            append(crashes, log, offset, false);
    }
    CHECK(crashes.points().size() > 40);
    check_each(crashes);
    CHECK(std::filesystem::exists(folder / "position.log.2"));
    CHECK_FALSE(std::filesystem::exists(folder / "position.log.3"));
    CHECK_FALSE(std::filesystem::exists(folder / "position.log.3.sum"));
    CHECK(files_in(folder.path()) == 8);  // three logs, three checksums, identity, lock
}

TEST_CASE("rotation: a crash while a new generation begins leaves the old or the new one") {
    const TemporaryDirectory folder;
    CrashRecorder crashes(folder.path());
    LogDirectory directory(folder.path());
    {
        PositionLog log(directory, crashes.options(1 << 20));
        append(crashes, log, 800, true);
        append(crashes, log, 900, false);
    }
    PositionLog log(directory, crashes.options(1 << 20));
    append(crashes, log, 300, true);
    append(crashes, log, 400, false);
    check_each(crashes);
}

TEST_CASE("rotation: a crash while a log from elsewhere is taken over loses nothing of it") {
    const TemporaryDirectory folder;
    const bool is_large = GENERATE(false, true);
    write_text(folder / "position.log",
               (is_large ? std::string(2000, '\n') : "") + foreign_line(90) + foreign_line(100));
    CrashRecorder crashes(folder.path());
    crashes.begin(100);
    crashes.end();
    LogDirectory directory(folder.path());
    PositionLog log(directory, crashes.options(1500));
    append(crashes, log, 100, true);
    append(crashes, log, 200, false);
    append(crashes, log, 300, false);
    check_each(crashes);
}

TEST_CASE("rotation: an empty log that somebody made is no damage, whenever the crash comes") {
    const TemporaryDirectory folder;
    write_text(folder / "position.log", "");
    CHECK_FALSE(read_log(folder.path()).expected);
    CrashRecorder crashes(folder.path());
    LogDirectory directory(folder.path());
    PositionLog log(directory, crashes.options(1 << 20));
    append(crashes, log, 100, true);
    append(crashes, log, 200, false);
    check_each(crashes);
}

TEST_CASE("rotation: a log put back from before the position was set anew is not written on") {
    const TemporaryDirectory folder;
    LogDirectory directory(folder.path());
    PositionLog(directory).start_at(at(900), codecs());
    const auto old_log = read_text(folder / "position.log");
    const auto old_sums = read_text(folder / "position.log.sum");
    PositionLog(directory).start_at(at(300), codecs());
    write_text(folder / "position.log", old_log);
    write_text(folder / "position.log.sum", old_sums);
    CHECK(offset_or_refusal(folder.path()) == 0);
    PositionLog(directory).append(at(400), at(400));
    CHECK(offset_or_refusal(folder.path()) == 400);
}

TEST_CASE("rotation: the rotated files are read back, newest first, when the current one is void") {
    const TemporaryDirectory folder;
    {
        LogDirectory directory(folder.path());
        PositionLog log(directory, {800, 2, {}});
        log.start_at(at(100), codecs());
        for (std::uint64_t offset = 200; offset <= 500; offset += 100)
            log.append(at(offset), at(offset));
    }
    CHECK(offset_or_refusal(folder.path()) == 500);
    write_text(folder / "position.log", "");
    CHECK(offset_or_refusal(folder.path()) == 400);
    write_text(folder / "position.log.1", "\n\n");
    CHECK(offset_or_refusal(folder.path()) == 200);
    write_text(folder / "position.log.2", "");
    CHECK(offset_or_refusal(folder.path()) == 0);
}

TEST_CASE("rotation: rotated files from elsewhere are read by their number, not their name") {
    const TemporaryDirectory folder;
    write_text(folder / "position.log", "");
    write_text(folder / "position.log.10", foreign_line(100));
    write_text(folder / "position.log.2", foreign_line(200));
    write_text(folder / "position.log.02", foreign_line(900));
    write_text(folder / "position.log.bak", foreign_line(900));
    CHECK(offset_or_refusal(folder.path()) == 200);
}

TEST_CASE(
    "rotation: damage of any byte of any file, rotated ones included, never lets a wrong "
    "position win") {
    const TemporaryDirectory folder;
    {
        LogDirectory directory(folder.path());
        PositionLog log(directory, {800, 2, {}});
        log.start_at(at(100), codecs());
        for (std::uint64_t offset = 200; offset <= 300; offset += 100)
            log.append(at(offset), at(offset));
    }
    for (const auto* name :
         {"position.log", "position.log.sum", "position.log.1", "position.log.1.sum", "identity"})
        each_damage(folder / name, [&](std::size_t, bool) {
            const auto offset = offset_or_refusal(folder.path());
            CHECK((offset == 0 || offset == 200 || offset == 300));
        });
}
