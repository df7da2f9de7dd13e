// A folder of tasks as a test fills it, and inis for it.
#pragma once

#include <fmt/format.h>

#include <string>

#include "test/unit/temporary_directory.hpp"

namespace dts::test {

/// A valid ini; nobody listens at its source.
inline std::string task_ini(unsigned server_id, std::string_view more = "") {
    return fmt::format(
        "[extractor]\ndb_type=mysql\nextract_type=cdc\nserver_id={}\n"
        "url=mysql://u:secret@127.0.0.1:3306\n[sinker]\nsink_type=dummy\n"
        "[filter]\ndo_dbs=d\n{}",
        server_id, more);
}

struct TaskFiles {
    TaskFiles() { std::filesystem::create_directory(tasks()); }

    std::filesystem::path tasks() const { return folder / "tasks.d"; }
    std::filesystem::path defaults() const { return folder / "dts.conf"; }
    std::filesystem::path ini(std::string_view task) const {
        return tasks() / fmt::format("{}.ini", task);
    }
    /// In one step, as careful programs do.
    void put(std::string_view task, const std::string& text) const {
        const auto unfinished = folder / "unfinished";
        std::ofstream(unfinished) << text;
        std::filesystem::rename(unfinished, ini(task));
    }
    void remove(std::string_view task) const { std::filesystem::remove(ini(task)); }
    void put_defaults(const std::string& text) const { std::ofstream(defaults()) << text; }

    TemporaryDirectory folder;
};

}  // namespace dts::test
