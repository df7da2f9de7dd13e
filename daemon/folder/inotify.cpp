#include "daemon/folder/inotify.hpp"

#include <sys/inotify.h>

#include <cerrno>
#include <cstring>

#include "lib/base/error.hpp"

namespace dts {

Inotify::Inotify() : handle_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (handle_) return;
    throw Error(ErrorKind::bug, std::string("inotify: ") + std::strerror(errno),
                "fs.inotify.max_user_instances says how many there can be");
}

int Inotify::watch(const std::filesystem::path& path, std::uint32_t mask) noexcept {
    return ::inotify_add_watch(handle_.get(), path.c_str(), mask);
}

void Inotify::forget(int watch) noexcept {
    ::inotify_rm_watch(handle_.get(), watch);
}

void Inotify::read(const std::function<void(const Event&)>& take) {
    alignas(inotify_event) char buffer[16384];
    for (;;) {
        const auto bytes = ::read(handle_.get(), buffer, sizeof buffer);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes <= 0) return;
        for (const char* at = buffer; at < buffer + bytes;) {
            inotify_event header{};
            std::memcpy(&header, at, sizeof header);
            const char* const name = at + sizeof header;
            take({header.wd, header.mask,
                  header.len > 0 ? std::string_view(name, ::strnlen(name, header.len))
                                 : std::string_view()});
            at = name + header.len;
        }
    }
}

}  // namespace dts
