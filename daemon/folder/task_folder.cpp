#include "daemon/folder/task_folder.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "daemon/folder/inotify.hpp"
#include "daemon/folder/task_name.hpp"
#include "lib/base/error.hpp"
#include "lib/config/small_file.hpp"

namespace dts {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t largest_ini_bytes = 1024 * 1024;

// Editors take several steps to save a file: it is looked at when they have been quiet for so long,
// at the latest after a second of restlessness.
constexpr std::chrono::milliseconds quiet{100};
constexpr std::chrono::seconds longest_wait{1};

constexpr std::uint32_t folder_events = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO |
                                        IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
                                        IN_MOVE_SELF | IN_ONLYDIR;

std::int64_t changed_us(const fs::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return 0;
    return std::int64_t{info.st_ctim.tv_sec} * 1'000'000 + info.st_ctim.tv_nsec / 1000;
}

bool is_there(const fs::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0;
}

/// Links come whole; a new file is whole when it is closed.
bool comes_whole(const fs::path& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink > 1;
}

template <typename Map>
bool same_files(const Map& a, const Map& b) {
    return std::ranges::equal(a, b, [](const auto& left, const auto& right) {
        return left.first == right.first && left.second.same_as(right.second);
    });
}

}  // namespace

TaskFile read_task_file(const fs::path& path) {
    TaskFile file;
    file.path = path;
    file.changed_us = changed_us(path);
    try {
        file.text = read_small_file(path, largest_ini_bytes);
    } catch (const Error& error) {
        file.problem = error.what();
    }
    return file;
}

bool FolderContents::same_as(const FolderContents& other) const {
    const bool same_defaults = defaults && other.defaults
                                   ? defaults->same_as(*other.defaults)
                                   : defaults.has_value() == other.defaults.has_value();
    return same_defaults && misnamed == other.misnamed && problem == other.problem &&
           same_files(inis, other.inis);
}

FolderContents read_task_folder(const fs::path& folder, const fs::path& defaults) {
    FolderContents contents;
    if (!defaults.empty() && is_there(defaults)) contents.defaults = read_task_file(defaults);
    std::error_code failed;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        const auto task = task_of_file(entry->path().filename().string());
        std::error_code unknown;
        if (!task || entry->is_directory(unknown)) continue;
        if (is_task_name(*task)) {
            contents.inis.emplace(*task, read_task_file(entry->path()));
        } else {
            contents.misnamed.push_back(entry->path().filename().string());
        }
    }
    std::ranges::sort(contents.misnamed);
    if (failed) contents.problem = fmt::format("{}: {}", folder.string(), failed.message());
    return contents;
}

struct TaskFolder::Watcher : std::enable_shared_from_this<Watcher> {
    Watcher(boost::asio::io_context& loop, fs::path tasks, fs::path defaults_file, OnChange tell)
        : folder(std::move(tasks)),
          defaults(std::move(defaults_file)),
          on_change(std::move(tell)),
          events(loop),
          timer(loop) {}

    /// Each time anew: any of the folders may have become another one, or none. What is wrong with
    /// watching stands in watch_problem.
    void watch_all() {
        watch_problem.clear();
        if (!defaults.empty()) defaults_watch = watch_nearest(defaults.parent_path());
        folder_watch = watch_nearest(folder);
        // Seen from above, a folder that is replaced by another one shows at once.
        if (folder.has_parent_path()) watch_nearest(folder.parent_path());
    }

    /// The folder, or the nearest one above it that is there: it will show when the next appears.
    int watch_nearest(fs::path path) {
        if (path.empty()) path = ".";
        for (;;) {
            const int watch = inotify.watch(path, folder_events);
            if (watch >= 0) return watch;
            if (errno == ENOSPC || errno == ENOMEM) {
                watch_problem = fmt::format(
                    "changes in {} are not seen: {}, HINT: fs.inotify.max_user_watches says how "
                    "many watches there can be",
                    path.string(), std::strerror(errno));
                return -1;
            }
            if (path == "." || path == path.root_path()) return -1;
            path = path.has_parent_path() ? path.parent_path() : fs::path(".");
        }
    }

    void wait() {
        events.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& failed) {
                              if (failed || self->closed) return;
                              self->take_events();
                              self->wait();
                          });
    }

    void take_events() {
        bool matters = false;
        inotify.read([&](const Inotify::Event& event) { matters = take(event) || matters; });
        if (matters) look_soon();
    }

    /// Whether the event may mean that something has changed.
    bool take(const Inotify::Event& event) {
        if ((event.mask & IN_Q_OVERFLOW) != 0) {
            unfinished.clear();  // what would end them may be among the lost
            return true;
        }
        if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) {
            if ((event.mask & IN_MOVE_SELF) != 0) inotify.forget(event.watch);
            return true;
        }
        const bool in_folder = event.watch == folder_watch;
        const bool in_defaults = event.watch == defaults_watch && event.name == defaults.filename();
        const bool is_ini = in_folder && task_of_file(event.name).has_value();
        // In the folders above, only folders that come and go matter.
        if (!is_ini && !in_defaults) return (event.mask & IN_ISDIR) != 0;
        const fs::path path = in_defaults ? defaults : folder / event.name;
        if ((event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) != 0) {
            unfinished.erase(path);
            return true;
        }
        if ((event.mask & IN_MODIFY) != 0 ||
            ((event.mask & IN_CREATE) != 0 && !comes_whole(path))) {
            unfinished.insert(path);
            return false;
        }
        return true;
    }

    void look_soon() {
        const auto now = std::chrono::steady_clock::now();
        if (!look_at_latest) look_at_latest = now + longest_wait;
        timer.expires_at(std::min(now + quiet, *look_at_latest));
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& failed) {
            if (failed || self->closed) return;
            self->look();
        });
    }

    void look() {
        timer.cancel();
        look_at_latest.reset();
        watch_all();
        FolderContents now = read_task_folder(folder, defaults);
        // What was known stands for what is half written, and for a folder that is not there.
        if (!now.problem.empty()) now.inis = known.inis;
        if (now.problem.empty()) now.problem = watch_problem;
        for (const fs::path& path : unfinished) keep_known(now, path);
        if (told && now.same_as(known)) return;
        told = true;
        known = std::move(now);
        on_change(known);
    }

    void keep_known(FolderContents& now, const fs::path& path) const {
        if (path == defaults) {
            now.defaults = known.defaults;
            return;
        }
        const auto task = task_of_file(path.filename().string());
        const auto before = known.inis.find(*task);
        now.inis.erase(*task);
        if (before != known.inis.end()) now.inis.insert(*before);
    }

    const fs::path folder;
    const fs::path defaults;
    OnChange on_change;
    Inotify inotify;
    boost::asio::posix::stream_descriptor events;
    boost::asio::steady_timer timer;
    int folder_watch = -1;
    int defaults_watch = -1;
    std::set<fs::path> unfinished;  ///< being written
    std::optional<std::chrono::steady_clock::time_point> look_at_latest;
    FolderContents known;
    std::string watch_problem;
    bool told = false;
    bool closed = false;
};

TaskFolder::TaskFolder(boost::asio::io_context& loop, fs::path folder, fs::path defaults,
                       OnChange on_change)
    : watcher_(std::make_shared<Watcher>(loop, std::move(folder), std::move(defaults),
                                         std::move(on_change))) {}

TaskFolder::~TaskFolder() {
    watcher_->closed = true;
    watcher_->timer.cancel();
    if (watcher_->events.is_open()) watcher_->events.release();
}

void TaskFolder::open() {
    watcher_->events.assign(watcher_->inotify.fd());
    watcher_->look();
    if (!watcher_->watch_problem.empty()) throw Error(ErrorKind::bug, watcher_->watch_problem);
    watcher_->wait();
}

void TaskFolder::reread() {
    watcher_->look();
}

}  // namespace dts
