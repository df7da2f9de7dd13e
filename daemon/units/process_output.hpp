// worker.log: what a worker of the process backend writes to its standard error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace dts {

/// 0 when there is none yet. A file that has grown large is put aside first, as NAME.1.
std::uint64_t output_size(const std::filesystem::path& file);

/// The last line from `begin` on: why a worker ended. "" when it said nothing.
std::string last_words(const std::filesystem::path& file, std::uint64_t begin);

}  // namespace dts
