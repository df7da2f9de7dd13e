#include "lib/base/durable_file.hpp"

#include <catch2/catch.hpp>

#include "lib/base/error.hpp"
#include "test/unit/temporary_directory.hpp"

using namespace dts;

namespace {

ErrorKind kind_of(const std::function<void()>& action, std::string* text = nullptr) {
    try {
        action();
    } catch (const Error& error) {
        if (text != nullptr) *text = error.text();
        return error.kind();
    }
    FAIL("nothing was thrown");
    return ErrorKind::bug;
}

}  // namespace

TEST_CASE("durable file: appends are behind what is there") {
    const TemporaryDirectory folder;
    const auto path = folder / "a";
    write_new_file(path, "one");
    DurableFile file(path);
    CHECK(file.size() == 3);
    file.append_durably("two");
    CHECK(file.size() == 6);
    CHECK(read_text(path) == "onetwo");
    file.truncate(4);
    file.append_durably("!");
    CHECK(read_text(path) == "onet!");
}

TEST_CASE("durable file: a full disk is named, and the file is not written to again") {
    DurableFile full("/dev/full");
    std::string text;
    CHECK(kind_of([&] { full.append_durably("x"); }, &text) == ErrorKind::durability);
    CHECK_THAT(text, Catch::Contains("/dev/full") && Catch::Contains("No space left"));
    CHECK(kind_of([&] { full.append_durably(""); }, &text) == ErrorKind::durability);
    CHECK_THAT(text, Catch::Contains("not written to again"));
}

TEST_CASE("durable file: one that was removed or replaced is not written on as if it were there") {
    const TemporaryDirectory folder;
    const auto path = folder / "a";
    write_new_file(path, "one");
    SECTION("removed") {
        DurableFile file(path);
        std::filesystem::remove(path);
        CHECK(kind_of([&] { file.append_durably("two"); }) == ErrorKind::durability);
    }
    SECTION("replaced") {
        DurableFile file(path);
        replace_file(path, "other");
        CHECK(kind_of([&] { file.append_durably("two"); }) == ErrorKind::durability);
        CHECK(read_text(path) == "other");
    }
}

TEST_CASE("durable file: replacing leaves the new content and nothing beside it") {
    const TemporaryDirectory folder;
    const auto path = folder / "a";
    replace_file(path, "old");
    replace_file(path, "new");
    CHECK(read_text(path) == "new");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("durable file: a file that can not be opened or renamed is an error") {
    const TemporaryDirectory folder;
    CHECK(kind_of([&] { DurableFile(folder / "none"); }) == ErrorKind::durability);
    CHECK(kind_of([&] { rename_durably(folder / "none", folder / "b"); }) == ErrorKind::durability);
    CHECK(kind_of([&] { write_new_file(folder / "no" / "a", ""); }) == ErrorKind::durability);
    CHECK_NOTHROW(remove_durably(folder / "none"));
}
