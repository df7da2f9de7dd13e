#include "lib/source/postgres/streamed_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "lib/base/activity.hpp"

namespace dts {

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;

/// One may be a restart of the source.
constexpr unsigned unanswered_in_a_row = 2;

std::uint64_t bytes_of(std::uint64_t blocks, const struct statvfs& room) noexcept {
    return blocks * room.f_frsize;
}

/// What is free in a folder, for messages.
std::string room_text(const std::filesystem::path& path) {
    struct statvfs room {};
    if (::statvfs(path.c_str(), &room) != 0) return "what is free there can not be told";
    return fmt::format("{} of {} MiB are free there", bytes_of(room.f_bavail, room) / mebibyte,
                       bytes_of(room.f_blocks, room) / mebibyte);
}

/// On a file system that can not make one without a name. Not open where it fails, with errno.
FileHandle make_without_tmpfile(const std::filesystem::path& folder) {
    std::string name = (folder / "streamed.XXXXXX").string();
    FileHandle file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file || ::unlink(name.c_str()) != 0) return {};
    return file;
}

}  // namespace

std::uint64_t room_of_logs(std::uint64_t file_system_bytes) noexcept {
    return std::min(std::clamp(file_system_bytes / 20, 64 * mebibyte, 1024 * mebibyte),
                    file_system_bytes / 4);
}

FileHandle StreamedFolder::make_file() {
    FileHandle file(::open(path_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file && (errno == EOPNOTSUPP || errno == EISDIR)) file = make_without_tmpfile(path_);
    if (!file) can_not_keep(std::generic_category().message(errno));
    look_at_room(file, 0);
    return file;
}

void StreamedFolder::take_room(const FileHandle& file, std::uint64_t bytes) {
    if (bytes >= bytes_until_look_) look_at_room(file, bytes);
    bytes_until_look_ -= std::min(bytes, bytes_until_look_);
}

/// Others write there, too: so it is looked at again before a sixteenth of the reserve is used up.
void StreamedFolder::look_at_room(const FileHandle& file, std::uint64_t bytes) {
    struct statvfs room {};
    {
        const While looking(Doing::outside);
        // A file system that does not tell its size fails when it is full.
        if (::fstatvfs(file.get(), &room) != 0 || room.f_blocks == 0) return;
    }
    const std::uint64_t reserve =
        given_reserve_.value_or(room_of_logs(bytes_of(room.f_blocks, room)));
    const std::uint64_t left = bytes_of(room.f_bavail, room);
    if (left < reserve + bytes)
        can_not_keep(fmt::format("the logs need {} MiB of its file system", reserve / mebibyte));
    bytes_until_look_ = bytes + reserve / 16;
}

void StreamedFolder::is_not_answered(const Error& error) {
    if (error.kind() == ErrorKind::transient && ++unanswered_ < unanswered_in_a_row)
        throw error.in("asking which subtransactions of a streamed transaction were taken back");
    give_up(fmt::format("the source can not be asked which subtransactions of a streamed "
                        "transaction were taken back: {}",
                        error.text()),
            "it takes one more connection, and walsender, for a moment; start the worker again, or "
            "set [extractor] stream_in_progress=false");
}

void StreamedFolder::give_up(std::string_view text, std::string hint) {
    is_given_up_ = true;
    reason_ = Error(
        ErrorKind::transient,
        fmt::format("{}; from now on the source keeps large transactions until they commit", text),
        std::move(hint));
    throw *reason_;
}

void StreamedFolder::can_not_keep(std::string_view why) {
    give_up(
        fmt::format("a transaction in progress can not be kept in {}: {} ({})", path_.string(), why,
                    room_text(path_)),
        "make room there and start the worker again, or set [extractor] stream_in_progress=false");
}

}  // namespace dts
