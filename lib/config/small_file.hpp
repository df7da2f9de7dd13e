// Reads a whole file of settings or secrets: a regular file of bounded size, nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace dts {

/// Throws Error{config} that names the path and what is wrong with it.
std::string read_small_file(const std::filesystem::path& path, std::uintmax_t largest_bytes);

}  // namespace dts
