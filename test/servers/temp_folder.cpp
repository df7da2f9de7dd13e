#include "test/servers/temp_folder.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace dts::test {

namespace fs = std::filesystem;

TempFolder::TempFolder(std::string_view name) {
    std::string pattern = (fs::temp_directory_path() / "dts-").string();
    pattern.append(name).append("-XXXXXX");
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error("cannot make a folder " + pattern);
    }
    path_ = pattern;
}

TempFolder::~TempFolder() {
    if (std::getenv("DTS_TEST_KEEP") != nullptr) {
        std::fprintf(stderr, "kept: %s\n", path_.c_str());
        return;
    }
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

fs::path cache_folder() {
    if (const char* named = std::getenv("DTS_TEST_CACHE")) {
        fs::create_directories(named);
        return named;
    }
    const fs::path shared = "/var/cache/dts-test";
    std::error_code ignored;
    fs::create_directories(shared, ignored);
    if (access(shared.c_str(), W_OK) == 0) return shared;
    const auto own = fs::temp_directory_path() / ("dts-test-cache-" + std::to_string(getuid()));
    fs::create_directories(own);
    return own;
}

std::string read_file(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

void write_file(const fs::path& file, std::string_view text) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace dts::test
