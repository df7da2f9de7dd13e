#include "lib/checkpoint/directory_state.hpp"

#include <fmt/format.h>

#include <charconv>

#include "lib/base/durable_file.hpp"
#include "lib/base/error.hpp"
#include "lib/checkpoint/checksum.hpp"
#include "lib/checkpoint/checksum_sidecar.hpp"
#include "lib/checkpoint/readable_file.hpp"

namespace dts {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view first_line = "dts log directory 1\n";
constexpr std::string_view source_key = "source: ";
constexpr std::string_view target_key = "exactly_once_target: ";
constexpr std::string_view generation_key = "generation of ";
constexpr std::size_t most_bytes = 1 << 20;

fs::path path_in(const fs::path& directory) {
    return directory / "identity";
}

std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

/// "position.log: 3"
void read_generation(std::string_view line, DirectoryState& state) {
    const auto colon = line.rfind(": ");
    if (colon == std::string_view::npos) return;
    const auto digits = line.substr(colon + 2);
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    state.generations[std::string(line.substr(0, colon))] = number;
}

/// What the text says; where it is damaged the result has another text.
DirectoryState parse(std::string_view text) {
    DirectoryState state;
    while (!text.empty()) {
        const auto line = take_line(text);
        if (line.starts_with(source_key)) state.source = line.substr(source_key.size());
        if (line.starts_with(target_key))
            state.exactly_once_target = line.substr(target_key.size());
        if (line.starts_with(generation_key))
            read_generation(line.substr(generation_key.size()), state);
    }
    return state;
}

}  // namespace

std::uint64_t DirectoryState::generation_of(std::string_view log) const {
    const auto found = generations.find(log);
    return found == generations.end() ? 0 : found->second;
}

DirectoryState DirectoryState::read(const fs::path& directory) {
    const auto path = path_in(directory);
    auto file = ReadableFile::open_if_there(path);
    if (!file) return {};
    const auto content = file->read(0, std::min<std::uint64_t>(file->size(), most_bytes));
    auto state = parse(content);
    if (state.text() != content)
        throw Error(
            ErrorKind::checkpoint,
            fmt::format("{} is damaged: whose positions these are is not known", path.string()),
            "when the source is the right one, move this file and the logs beside it away "
            "and give the position in a resume_config_file");
    return state;
}

void DirectoryState::write(const fs::path& directory) const {
    replace_file(path_in(directory), text());
}

std::string DirectoryState::text() const {
    std::string text(first_line);
    if (source) text += fmt::format("{}{}\n", source_key, *source);
    if (exactly_once_target) text += fmt::format("{}{}\n", target_key, *exactly_once_target);
    for (const auto& [log, number] : generations)
        text += fmt::format("{}{}: {}\n", generation_key, log, number);
    text += fmt::format("checksum: {:08x}\n", checksum(text));
    return text;
}

void require_source(const fs::path& directory, std::string_view source) {
    const auto state = DirectoryState::read(directory);
    if (state.source && *state.source != source)
        throw Error(ErrorKind::checkpoint,
                    fmt::format("the positions in {} are of the source \"{}\", this one is \"{}\"",
                                directory.string(), *state.source, source),
                    "connect the task to the source it was started with, or give it another "
                    "log_dir and a position of this source");
    if (!state.source && file_exists(sidecar_path(directory / "position.log")))
        throw Error(ErrorKind::checkpoint,
                    fmt::format("{} is missing: the positions in {} may be of another source",
                                path_in(directory).string(), directory.string()),
                    "when the source is the right one, move the logs away and give the position in "
                    "a resume_config_file");
}

}  // namespace dts
