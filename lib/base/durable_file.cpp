#include "lib/base/durable_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <system_error>

#include "lib/base/activity.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(std::string_view action, const fs::path& path, int error) {
    throw Error(ErrorKind::durability, fmt::format("{} {}: {}", action, path.string(),
                                                   std::generic_category().message(error)));
}

FileHandle open_or_fail(const fs::path& path, int flags) {
    FileHandle file(::open(path.c_str(), flags | O_CLOEXEC, 0640));
    if (!file) fail("can not open", path, errno);
    return file;
}

void write_all(int fd, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("can not write", path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

DurableFile::DurableFile(fs::path path)
    : path_(std::move(path)), file_(open_or_fail(path_, O_WRONLY | O_APPEND)) {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) fail("can not stat", path_, errno);
    size_ = static_cast<std::uint64_t>(status.st_size);
}

void DurableFile::append_durably(std::string_view bytes) {
    refuse_after_failure();
    failed_ = true;  // until all of it has succeeded
    const While writing(Doing::outside);
    write_all(file_.get(), bytes, path_);
    if (::fdatasync(file_.get()) != 0) fail("can not sync", path_, errno);
    check_still_named();
    size_ += bytes.size();
    failed_ = false;
}

void DurableFile::truncate(std::uint64_t size) {
    refuse_after_failure();
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
        failed_ = true;
        fail("can not truncate", path_, errno);
    }
    size_ = size;
}

void DurableFile::refuse_after_failure() const {
    if (failed_)
        throw Error(ErrorKind::durability,
                    fmt::format("{} is not written to again after a failed write", path_.string()));
}

void DurableFile::check_still_named() const {
    struct stat held {};
    struct stat named {};
    if (::fstat(file_.get(), &held) != 0 || ::stat(path_.c_str(), &named) != 0)
        fail("can not find again", path_, errno);
    if (held.st_ino != named.st_ino || held.st_dev != named.st_dev)
        throw Error(ErrorKind::durability,
                    fmt::format("{} was replaced while it was written", path_.string()));
}

void write_new_file(const fs::path& path, std::string_view content) {
    const auto file = open_or_fail(path, O_WRONLY | O_CREAT | O_TRUNC);
    const While writing(Doing::outside);
    write_all(file.get(), content, path);
    if (::fsync(file.get()) != 0) fail("can not sync", path, errno);
}

void replace_file(const fs::path& path, std::string_view content) {
    fs::path fresh = path;
    fresh += ".new";
    write_new_file(fresh, content);
    rename_durably(fresh, path);
}

void rename_durably(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) fail("can not rename", from, errno);
    sync_folder(folder_of(to));
}

void remove_durably(const fs::path& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) return;
        fail("can not remove", path, errno);
    }
    sync_folder(folder_of(path));
}

bool file_exists(const fs::path& path) noexcept {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0;
}

void sync_folder(const fs::path& folder) {
    const auto handle = open_or_fail(folder, O_RDONLY | O_DIRECTORY);
    const While syncing(Doing::outside);
    if (::fsync(handle.get()) != 0) fail("can not sync", folder, errno);
}

}  // namespace dts
