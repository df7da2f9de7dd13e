// Transactions in progress that can not be kept, or not be read again: the folder is given up, and
// the task goes on without streaming.
#include "lib/source/postgres/streamed_folder.hpp"

#include <catch2/catch.hpp>
#include <sys/resource.h>

#include <csignal>
#include <fcntl.h>
#include <functional>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/source/postgres/streamed_transaction.hpp"
#include "test/unit/temporary_directory.hpp"

using namespace dts;
using Catch::Contains;

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

/// While it lives no file of this process grows beyond that.
class ShortFiles {
  public:
    explicit ShortFiles(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &was_);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{bytes, was_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~ShortFiles() {
        ::setrlimit(RLIMIT_FSIZE, &was_);
        std::signal(SIGXFSZ, handler_);
    }
    ShortFiles(const ShortFiles&) = delete;
    ShortFiles& operator=(const ShortFiles&) = delete;

  private:
    rlimit was_{};
    void (*handler_)(int) = nullptr;
};

struct Kept {
    explicit Kept(std::uint64_t reserve = mebibyte)
        : room(std::make_shared<StreamedFolder>(folder.path(), reserve)) {}

    /// What gives the folder up; empty when nothing does.
    std::string given_up_by(const std::function<void()>& action) const {
        try {
            action();
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::transient);
            CHECK(room->is_given_up());
            CHECK_THAT(error.what(), Contains(folder.path().string()));
            CHECK_THAT(error.what(), Contains("MiB are free there"));
            CHECK_THAT(error.hint(), Contains("stream_in_progress=false"));
            return error.text();
        }
        CHECK_FALSE(room->is_given_up());
        return "";
    }
    static void fill(StreamedTransaction& transaction, int kibibytes) {
        const std::string row(1024 - 9, 'x');
        for (int i = 0; i < kibibytes; ++i) transaction.add(50, "I", row);
        transaction.flush();
    }
    /// The files that are open without a name in the folder.
    std::vector<int> files() const {
        std::vector<int> files;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
            std::error_code gone;
            const auto target = std::filesystem::read_symlink(entry, gone).string();
            if (target.starts_with(folder.path().string()))
                files.push_back(std::stoi(entry.path().filename()));
        }
        return files;
    }
    int file() const {
        const auto open = files();
        REQUIRE(open.size() == 1);
        return open.front();
    }

    TemporaryDirectory folder;
    std::shared_ptr<StreamedFolder> room;
};

void read_all(StreamedTransaction& transaction) {
    while (transaction.next()) {
    }
}

}  // namespace

TEST_CASE("streamed folder: the logs are left a twentieth, more of small disks, a GiB of large") {
    CHECK(room_of_logs(16 * mebibyte) == 4 * mebibyte);
    CHECK(room_of_logs(256 * mebibyte) == 64 * mebibyte);
    CHECK(room_of_logs(1000 * mebibyte) == 64 * mebibyte);
    CHECK(room_of_logs(10'000 * mebibyte) == 500 * mebibyte);
    CHECK(room_of_logs(1'000'000 * mebibyte) == 1024 * mebibyte);
    CHECK(room_of_logs(0) == 0);
}

TEST_CASE("streamed folder: nothing is kept where the logs would have too little room") {
    Kept kept(std::uint64_t{1} << 62);
    StreamedTransaction transaction(kept.room, 50);
    CHECK_THAT(kept.given_up_by([&] { Kept::fill(transaction, 1); }),
               Contains("the logs need 4398046511104 MiB"));
    CHECK(std::filesystem::is_empty(kept.folder.path()));
}

TEST_CASE("streamed folder: it is looked at before what is written uses the reserve up") {
    Kept kept;
    FileHandle file = kept.room->make_file();
    CHECK(kept.given_up_by([&] { kept.room->take_room(file, 4096); }).empty());
    CHECK_THAT(kept.given_up_by([&] { kept.room->take_room(file, std::uint64_t{1} << 60); }),
               Contains("the logs need"));
}

TEST_CASE("streamed folder: a file that can not be made or written is said, with the reason") {
    Kept kept;
    SECTION("no folder") {
        std::filesystem::remove_all(kept.folder.path());
        try {
            StreamedTransaction transaction(kept.room, 50);
            Kept::fill(transaction, 1);
            FAIL("it was kept nowhere");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::transient);
            CHECK_THAT(error.what(), Contains("No such file or directory"));
        }
    }
    SECTION("a file that may not grow") {
        StreamedTransaction transaction(kept.room, 50);
        Kept::fill(transaction, 900);
        const ShortFiles no_more(mebibyte);
        CHECK_THAT(kept.given_up_by([&] { Kept::fill(transaction, 900); }),
                   Contains("File too large"));
    }
}

TEST_CASE("streamed folder: a transaction of little, or of nothing that is wanted, takes no file") {
    const Kept kept;
    StreamedTransaction transaction(kept.room, 50);
    const std::string row(1000, 'x');
    for (int i = 0; i < 10; ++i) {
        transaction.add(50, "I", row);
        transaction.end_part();
    }
    CHECK(kept.files().empty());
    SECTION("and is read from memory") {
        int messages = 0;
        for (; const auto message = transaction.next(); ++messages) CHECK(message->size() == 1001);
        CHECK(messages == 10);
    }
    SECTION("until it is more") {
        for (int i = 0; i < 10; ++i) transaction.add(51, "I", row);
        transaction.end_part();
        CHECK(kept.files().size() == 1);
        transaction.add(50, "U", "in memory");
        transaction.end_part();
        transaction.take_back(51);
        int messages = 0;
        std::string last;
        for (; const auto message = transaction.next(); ++messages) last = as_text(*message);
        CHECK(messages == 11);
        CHECK(last == "Uin memory");
    }
}

TEST_CASE("streamed folder: what is read again is what was written, or given up") {
    Kept kept;
    StreamedTransaction transaction(kept.room, 50);
    Kept::fill(transaction, 600);
    const int file = kept.file();
    SECTION("as it was") {
        CHECK(kept.given_up_by([&] { read_all(transaction); }).empty());
    }
    SECTION("a byte of a row") {
        // The descriptor may be written at a place: it is open for both.
        REQUIRE(::pwrite(file, "y", 1, 300'000) == 1);
        CHECK_THAT(kept.given_up_by([&] { read_all(transaction); }),
                   Contains("it is not what was written"));
    }
    SECTION("a piece from another place") {
        // Both of the same length, and each with its own checksum.
        std::string piece(300 * 1024, '\0');
        std::uint32_t bytes = 0;
        REQUIRE(::pread(file, &bytes, sizeof bytes, 0) == sizeof bytes);
        piece.resize(24 + bytes);
        const auto size = static_cast<ssize_t>(piece.size());
        REQUIRE(::pread(file, piece.data(), piece.size(), 0) == size);
        REQUIRE(::pwrite(file, piece.data(), piece.size(), size) == size);
        CHECK_THAT(kept.given_up_by([&] { read_all(transaction); }),
                   Contains("it is not what was written"));
    }
    SECTION("another file") {
        StreamedTransaction other(kept.room, 50);
        Kept::fill(other, 600);
        const auto both = kept.files();
        REQUIRE(both.size() == 2);
        const int others = both[0] == file ? both[1] : both[0];
        std::string all(600 * 1024, '\0');
        const auto size = static_cast<ssize_t>(all.size());
        REQUIRE(::pread(file, all.data(), all.size(), 0) == size);
        REQUIRE(::pwrite(others, all.data(), all.size(), 0) == size);
        CHECK_THAT(kept.given_up_by([&] { read_all(other); }),
                   Contains("it is not what was written"));
    }
    SECTION("a length") {
        REQUIRE(::pwrite(file, "\xFF\xFF\xFF\x7F", 4, 0) == 4);
        CHECK_THAT(kept.given_up_by([&] { read_all(transaction); }),
                   Contains("it is not what was written"));
    }
    SECTION("nothing but zeros") {
        REQUIRE(::ftruncate(file, 0) == 0);
        REQUIRE(::ftruncate(file, 10 << 20) == 0);
        CHECK_THAT(kept.given_up_by([&] { read_all(transaction); }),
                   Contains("it is not what was written"));
    }
    SECTION("cut off") {
        REQUIRE(::ftruncate(file, 400'000) == 0);
        CHECK_THAT(kept.given_up_by([&] { read_all(transaction); }),
                   Contains("it is shorter than what was written"));
    }
    SECTION("an error of the disk") {
        const FileHandle unreadable(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        REQUIRE(::dup2(unreadable.get(), file) == file);
        CHECK_THAT(kept.given_up_by([&] { read_all(transaction); }),
                   Contains("reading it: Is a directory"));
    }
}

namespace {

/// What becomes of an error of a question.
std::string not_answered(StreamedFolder& folder, ErrorKind kind) {
    try {
        folder.is_not_answered(Error(kind, "no answer", "a hint of its own"));
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::transient);
        return error.what();
    }
}

}  // namespace

TEST_CASE("streamed folder: a question that is not answered ends streaming at the second time") {
    const Kept kept;
    StreamedFolder& folder = *kept.room;
    for (int i = 0; i < 3; ++i) {
        CHECK_THAT(not_answered(folder, ErrorKind::transient), Contains("HINT: a hint of its own"));
        CHECK_FALSE(folder.is_given_up());
        CHECK_FALSE(folder.take_reason());
        folder.is_answered();
    }
    SECTION("twice in a row") {
        not_answered(folder, ErrorKind::transient);
        const auto thrown = not_answered(folder, ErrorKind::transient);
        CHECK_THAT(thrown, Contains("were taken back: no answer; from now on the source keeps"));
        CHECK_THAT(thrown, Contains("HINT: it takes one more connection"));
        REQUIRE(folder.is_given_up());
        const auto reason = folder.take_reason();
        REQUIRE(reason);
        CHECK(reason->what() == thrown);
        CHECK_FALSE(folder.take_reason());
    }
    SECTION("what will not pass") {
        not_answered(folder, ErrorKind::permission);
        CHECK(folder.is_given_up());
    }
}
