#include "daemon/folder/task_folder.hpp"

#include <catch2/catch.hpp>

#include "test/unit/daemon/loop_until.hpp"
#include "test/unit/daemon/task_files.hpp"

using namespace dts;
using namespace dts::test;
namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds a_while{300};

struct Watched : TaskFiles {
    Watched() { watch.open(); }

    bool until(const std::function<bool()>& is_so) { return loop_until(loop, is_so); }
    bool until_there(const std::string& task, const std::string& text) {
        return until([&] { return now.inis.contains(task) && now.inis.at(task).text == text; });
    }
    bool until_gone(const std::string& task) {
        return until([&] { return !now.inis.contains(task); });
    }

    boost::asio::io_context loop;
    FolderContents now;
    int changes = 0;
    TaskFolder watch{loop, tasks(), defaults(), [this](const FolderContents& contents) {
                         now = contents;
                         ++changes;
                     }};
};

}  // namespace

TEST_CASE("task folder: what is there is told at once", "[daemon]") {
    TaskFiles files;
    files.put("a", "text");
    files.put_defaults("defaults");
    boost::asio::io_context loop;
    FolderContents now;
    TaskFolder folder(loop, files.tasks(), files.defaults(),
                      [&](const FolderContents& contents) { now = contents; });
    folder.open();
    CHECK(now.inis.at("a").text == "text");
    CHECK(now.inis.at("a").path == files.ini("a"));
    CHECK(now.defaults.value().text == "defaults");
    CHECK(now.problem.empty());
}

TEST_CASE("task folder: files that come, change, move and go are seen", "[daemon]") {
    Watched files;
    files.put("a", "one");
    CHECK(files.until_there("a", "one"));
    std::ofstream(files.ini("a")) << "two";
    CHECK(files.until_there("a", "two"));
    fs::rename(files.ini("a"), files.ini("b"));
    CHECK(files.until_there("b", "two"));
    CHECK_FALSE(files.now.inis.contains("a"));
    files.remove("b");
    CHECK(files.until_gone("b"));
}

TEST_CASE("task folder: links to inis are seen", "[daemon]") {
    Watched files;
    std::ofstream(files.folder / "elsewhere") << "text";
    fs::create_symlink(files.folder / "elsewhere", files.ini("soft"));
    CHECK(files.until_there("soft", "text"));
    fs::create_hard_link(files.folder / "elsewhere", files.ini("hard"));
    CHECK(files.until_there("hard", "text"));
}

TEST_CASE("task folder: a file that is being written is not read before it is closed", "[daemon]") {
    Watched files;
    files.put("a", "whole");
    REQUIRE(files.until_there("a", "whole"));
    {
        std::ofstream half_new(files.ini("b")), half_old(files.ini("a"));
        half_new << "half" << std::flush;
        half_old << "half" << std::flush;
        files.put("c", "something else that makes the folder be read");
        CHECK(files.until([&] { return files.now.inis.contains("c"); }));
        CHECK_FALSE(files.now.inis.contains("b"));
        CHECK(files.now.inis.at("a").text == "whole");
        half_new << " and half";
        half_old << " and half";
    }
    CHECK(files.until_there("b", "half and half"));
    CHECK(files.until_there("a", "half and half"));
}

TEST_CASE("task folder: editors' files are no inis, and misnamed ones are told", "[daemon]") {
    Watched files;
    for (const char* name : {".a.ini.swp", "a.ini~", "#a.ini#", ".#a.ini", "4913", "a.ini.dpkg-new",
                             ".a.ini", "a.ini.example", ".ini"}) {
        std::ofstream(files.tasks() / name) << "x";
    }
    std::ofstream(files.tasks() / "my task.ini") << "x";
    fs::create_directory(files.tasks() / "folder.ini");
    files.put("a", "text");
    CHECK(files.until_there("a", "text"));
    CHECK(files.now.inis.size() == 1);
    CHECK(files.now.misnamed == std::vector<std::string>{"my task.ini"});
}

TEST_CASE("task folder: a file written again as it was is no change", "[daemon]") {
    Watched files;
    files.put("a", "text");
    REQUIRE(files.until_there("a", "text"));
    const int before = files.changes;
    files.put("a", "text");
    fs::last_write_time(files.ini("a"), fs::file_time_type::clock::now());
    loop_for(files.loop, a_while);
    CHECK(files.changes == before);
}

TEST_CASE("task folder: dts.conf is watched as well", "[daemon]") {
    Watched files;
    CHECK_FALSE(files.now.defaults.has_value());
    files.put_defaults("one");
    CHECK(files.until([&] { return files.now.defaults && files.now.defaults->text == "one"; }));
    fs::remove(files.defaults());
    CHECK(files.until([&] { return !files.now.defaults; }));
}

TEST_CASE("task folder: a folder that cannot be read says nothing about its tasks", "[daemon]") {
    Watched files;
    files.put("a", "text");
    REQUIRE(files.until_there("a", "text"));
    fs::rename(files.tasks(), files.folder / "elsewhere");
    CHECK(files.until([&] { return !files.now.problem.empty(); }));
    CHECK(files.now.inis.contains("a"));
    CHECK_THAT(files.now.problem, Catch::Contains(files.tasks().string()));

    SECTION("and one that is made again is watched again") {
        fs::create_directory(files.tasks());
        CHECK(files.until([&] { return files.now.problem.empty(); }));
        CHECK(files.until_gone("a"));
        files.put("b", "new");
        CHECK(files.until_there("b", "new"));
    }
    SECTION("also when the folder above it was gone, too") {
        fs::remove_all(files.folder.path());
        loop_for(files.loop, a_while);
        fs::create_directories(files.tasks());
        files.put("b", "new");
        CHECK(files.until_there("b", "new"));
    }
}

TEST_CASE("task folder: a lost event loses no change", "[daemon]") {
    Watched files;
    std::size_t queue = 16384;
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue;
    // Each makes at least two; the loop does not run meanwhile.
    for (std::size_t i = 0; i < queue / 2 + 10; ++i) {
        std::ofstream(files.tasks() / std::to_string(i)) << "x";
    }
    files.put("late", "its own event is lost");
    CHECK(files.until_there("late", "its own event is lost"));
}

TEST_CASE("task folder: a file that cannot be read says why", "[daemon]") {
    Watched files;
    fs::create_symlink(files.folder / "nowhere", files.ini("a"));
    CHECK(files.until([&] { return files.now.inis.contains("a"); }));
    CHECK_THAT(files.now.inis.at("a").problem, Catch::Contains("No such file"));
}
