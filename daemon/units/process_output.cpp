#include "daemon/units/process_output.hpp"

#include <algorithm>
#include <fstream>

namespace dts {

std::uint64_t output_size(const std::filesystem::path& file) {
    constexpr std::uint64_t large = 16 << 20;
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (failed) return 0;
    if (size < large) return size;
    std::filesystem::rename(file, file.string() + ".1", failed);
    return failed ? size : 0;
}

std::string last_words(const std::filesystem::path& file, std::uint64_t begin) {
    constexpr std::uint64_t most = 4096;
    std::ifstream in(file, std::ios::binary);
    in.seekg(0, std::ios::end);
    const auto end = static_cast<std::uint64_t>(std::max<std::streamoff>(in.tellg(), 0));
    if (!in || end <= begin) return {};
    const std::uint64_t from = std::max(begin, end - std::min(end, most));
    std::string text(static_cast<std::size_t>(end - from), '\0');
    in.seekg(static_cast<std::streamoff>(from));
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    // The worker's own last word, before what a library or the system may have said behind it.
    const auto own = text.rfind("\ndts-worker: ");
    if (own != std::string::npos) {
        return text.substr(own + 1, text.find('\n', own + 1) - own - 1);
    }
    if (text.starts_with("dts-worker: ")) return text.substr(0, text.find('\n'));
    return text.substr(std::min(text.rfind('\n') + 1, text.size()));
}

}  // namespace dts
