// What stands in tasks.d and in dts.conf, and that it has changed. Knows files, not what they mean.
//
// A file is read when its writer has closed it or renamed it into place, never half written. A
// folder that cannot be read says nothing about its tasks: what was known of them stands.
#pragma once

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dts {

struct TaskFile {
    std::filesystem::path path;
    std::string text;
    std::string problem;          ///< why it cannot be read; "" when it could
    std::int64_t changed_us = 0;  ///< when content or name last changed

    /// Not the time: a file written again as it was is the same.
    bool same_as(const TaskFile& other) const {
        return path == other.path && text == other.text && problem == other.problem;
    }
};

struct FolderContents {
    std::map<std::string, TaskFile> inis;  ///< by task; names that tasks may have
    std::optional<TaskFile> defaults;      ///< nothing: there is no such file
    std::vector<std::string> misnamed;     ///< inis whose names no task may have
    std::string problem;                   ///< why the folder cannot be read; "" when it can

    bool same_as(const FolderContents& other) const;
};

/// One file, now; what keeps it from being read stands in `problem`.
TaskFile read_task_file(const std::filesystem::path& path);

/// `tasks.d` once, now. `defaults` may be empty.
FolderContents read_task_folder(const std::filesystem::path& folder,
                                const std::filesystem::path& defaults);

class TaskFolder {
  public:
    using OnChange = std::function<void(const FolderContents&)>;

    /// `defaults` may be empty. on_change is called on the loop's thread.
    TaskFolder(boost::asio::io_context& loop, std::filesystem::path folder,
               std::filesystem::path defaults, OnChange on_change);
    ~TaskFolder();

    /// Begins to watch; on_change is called with what is there before it returns. Throws Error when
    /// nothing can be watched.
    void open();
    /// Reads again, now; on_change is called when something differs.
    void reread();

  private:
    struct Watcher;
    std::shared_ptr<Watcher> watcher_;
};

}  // namespace dts
