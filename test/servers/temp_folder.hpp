// A private folder for one test's servers and logs, removed with everything in it. With
// DTS_TEST_KEEP set it stays, and says where it is.
#pragma once

#include <filesystem>
#include <string_view>

namespace dts::test {

class TempFolder {
  public:
    /// Makes TMPDIR/dts-NAME-XXXXXX (TMPDIR: /tmp when not set).
    explicit TempFolder(std::string_view name = "test");
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder();

    const std::filesystem::path& path() const noexcept { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

/// Where what is slow to make is kept between runs (the MySQL tree, fresh data directories):
/// DTS_TEST_CACHE, else /var/cache/dts-test where it can be written, else one in TMPDIR.
std::filesystem::path cache_folder();

/// The whole file; empty when there is none.
std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, std::string_view text);

}  // namespace dts::test
