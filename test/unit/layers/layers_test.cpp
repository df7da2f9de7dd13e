// The rooms of lib/ and who may use whom; and the size and names of files. Run from the source
// root.
#include <catch2/catch.hpp>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string, std::less<>>;

/// A folder of lib/ may include from itself and from these.
const std::map<std::string, Names, std::less<>> may_include = {
    {"pch", {}},
    {"base", {}},
    {"position", {"base"}},
    {"change", {"base", "position"}},
    {"client", {"base", "change"}},
    {"checkpoint", {"base", "position", "client"}},
    {"source", {"base", "position", "change", "client"}},
    {"sink", {"base", "position", "change", "client", "checkpoint"}},
    {"pipeline", {"base", "position", "change", "checkpoint", "source", "sink"}},
    {"config", {"base"}},
    {"control", {"base", "config"}},
    {"task",
     {"base", "position", "change", "client", "checkpoint", "source", "sink", "pipeline", "config",
      "control"}},
};

constexpr int max_lines = 400;
const Names empty_words = {"util", "utils", "helper", "helpers", "common", "manager", "misc"};

/// "lib/sink/sql/x.hpp" is in the room "sink"; what is not in lib/ is in the room of its first
/// folder ("daemon").
std::string room_of(std::string_view path) {
    if (path.starts_with("lib/")) path.remove_prefix(4);
    const auto slash = path.find('/');
    return std::string(path.substr(0, slash == std::string_view::npos ? 0 : slash));
}

/// What is wrong with the quoted includes of one file, a line each.
std::vector<std::string> wrong_includes(const std::string& path, std::istream& text) {
    std::vector<std::string> wrong;
    const auto allowed = may_include.find(room_of(path));
    const bool in_lib = path.starts_with("lib/");
    if (in_lib && allowed == may_include.end()) return {path + ": a room that the table lacks"};

    std::string line;
    for (int number = 1; std::getline(text, line); ++number) {
        const auto first = line.find_first_not_of(" \t");
        if (first == std::string::npos || line[first] != '#') continue;
        const auto word = line.find("include", first);
        const auto open = line.find('"', first);
        if (word == std::string::npos || open == std::string::npos) continue;
        const auto target = line.substr(open + 1, line.find('"', open + 1) - open - 1);
        const auto report = [&](std::string_view why) {
            wrong.push_back(fmt::format("{}:{}: includes {}: {}", path, number, target, why));
        };
        if (target.starts_with("lib/")) {
            const auto room = room_of(target);
            if (!may_include.contains(room)) {
                report("a room that the table lacks");
            } else if (in_lib && room != allowed->first && !allowed->second.contains(room)) {
                report(fmt::format("{} may not use {}", allowed->first, room));
            }
        } else if (in_lib || !target.starts_with("daemon/")) {
            report(in_lib ? "lib uses only lib, by its path from the root"
                          : "daemon uses only lib and daemon, by their paths from the root");
        }
    }
    return wrong;
}

bool is_source(const fs::path& path) {
    return path.extension() == ".hpp" || path.extension() == ".cpp";
}

/// "TableSchema" of a line that begins the definition of a type at the outermost level; else empty.
std::string defined_type(std::string_view line) {
    for (const std::string_view word : {"struct ", "class ", "enum class "}) {
        if (!line.starts_with(word)) continue;
        line.remove_prefix(word.size());
        const auto end = line.find_first_of(" :;{");
        if (line.substr(0, line.find_first_of(" ;{")).find("::") != std::string_view::npos)
            return {};
        const auto behind = line.find_last_not_of(' ');
        const bool is_only_named = behind != std::string_view::npos && line[behind] == ';' &&
                                   line.find('{') == std::string_view::npos;
        return is_only_named ? std::string() : std::string(line.substr(0, end));
    }
    return {};
}

/// All files and folders of lib/ and daemon/, as paths from the source root.
std::vector<fs::path> project_paths() {
    REQUIRE(fs::exists("lib/base/error.hpp"));  // else: not run from the source root
    std::vector<fs::path> paths;
    for (const auto* top : {"lib", "daemon"}) {
        for (const auto& entry : fs::recursive_directory_iterator(top)) {
            paths.push_back(entry.path());
        }
    }
    return paths;
}

std::string joined(const std::vector<std::string>& lines) {
    return fmt::format("{}", fmt::join(lines, "\n"));
}

std::vector<std::string> wrong_includes_in(const std::string& path, const std::string& text) {
    std::istringstream in(text);
    return wrong_includes(path, in);
}

}  // namespace

TEST_CASE("layers: each room of lib includes only what the table allows", "[layers]") {
    std::vector<std::string> wrong;
    std::size_t files = 0;
    for (const auto& path : project_paths()) {
        if (!is_source(path)) continue;
        ++files;
        std::ifstream text(path);
        for (auto& line : wrong_includes(path.string(), text)) wrong.push_back(std::move(line));
    }
    CHECK(files > 10);
    CHECK(joined(wrong) == "");
}

TEST_CASE("layers: no file of lib or daemon is longer than 400 lines", "[layers]") {
    std::vector<std::string> wrong;
    for (const auto& path : project_paths()) {
        if (!is_source(path)) continue;
        std::ifstream text(path);
        const auto lines = std::count(std::istreambuf_iterator<char>(text), {}, '\n');
        if (lines > max_lines) wrong.push_back(fmt::format("{}: {} lines", path.string(), lines));
    }
    CHECK(joined(wrong) == "");
}

// Of two types with one name the linker keeps the members of one, and objects of the other are
// destroyed as what they are not.
TEST_CASE("layers: no two headers define a type of the same name", "[layers]") {
    std::map<std::string, std::string> homes;
    std::vector<std::string> wrong;
    for (const auto& path : project_paths()) {
        if (path.extension() != ".hpp") continue;
        std::ifstream text(path);
        std::string space;
        for (std::string line; std::getline(text, line);) {
            if (line.starts_with("namespace ")) space = line;
            const std::string type = defined_type(line);
            if (type.empty()) continue;
            const auto [home, is_new] = homes.emplace(space + type, path.string());
            if (!is_new) wrong.push_back(path.string() + " and " + home->second + ": " + type);
        }
    }
    CHECK(homes.size() > 100);
    CHECK(joined(wrong) == "");
    CHECK(defined_type("class A final : public B {") == "A");
    CHECK(defined_type("struct A;").empty());
    CHECK(defined_type("struct A::B : C {").empty());
}

TEST_CASE("layers: no file or folder has a name that says nothing", "[layers]") {
    std::vector<std::string> wrong;
    for (const auto& path : project_paths()) {
        std::istringstream words(path.stem().string());
        for (std::string word; std::getline(words, word, '_');) {
            if (empty_words.contains(word)) wrong.push_back(path.string());
        }
    }
    CHECK(joined(wrong) == "");
}

TEST_CASE("layers: the test sees what it forbids", "[layers]") {
    CHECK(wrong_includes_in("lib/base/a.cpp", "#include \"lib/position/position.hpp\"\n").size() ==
          1);
    CHECK(wrong_includes_in("lib/pipeline/a.hpp", "#  include \"lib/client/c.hpp\"\n").size() == 1);
    CHECK(
        wrong_includes_in("lib/source/mysql/a.cpp", "\n#include \"lib/sink/sink.hpp\"\n").size() ==
        1);
    CHECK(wrong_includes_in("lib/task/a.cpp", "#include \"daemon/notify.hpp\"\n").size() == 1);
    CHECK(wrong_includes_in("lib/task/a.cpp", "#include \"test/skip.hpp\"\n").size() == 1);
    CHECK(wrong_includes_in("lib/base/a.cpp", "#include \"error.hpp\"\n").size() == 1);
    CHECK(wrong_includes_in("lib/extras/a.cpp", "").size() == 1);
    CHECK(wrong_includes_in("daemon/a.cpp", "#include \"lib/extras/b.hpp\"\n").size() == 1);
    CHECK(wrong_includes_in("daemon/a.cpp", "#include \"test/skip.hpp\"\n").size() == 1);
}

TEST_CASE("layers: the test lets pass what is allowed", "[layers]") {
    CHECK(wrong_includes_in("lib/base/a.cpp", "#include \"lib/base/a.hpp\"\n#include <x.h>\n")
              .empty());
    CHECK(wrong_includes_in("lib/sink/mysql/a.cpp", "#include \"lib/checkpoint/b.hpp\"\n").empty());
    CHECK(wrong_includes_in("lib/task/a.cpp", "#include \"lib/client/b.hpp\"\n").empty());
    CHECK(wrong_includes_in("daemon/a.cpp", "#include \"lib/control/b.hpp\"\n").empty());
    CHECK(wrong_includes_in("daemon/a.cpp", "#include \"daemon/b.hpp\"\n").empty());
}
