// The pixels of a screenshot: a PNG of 8-bit RGB or RGBA, not interlaced, as browsers write them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace dts::test {

struct PngImage {
    using Pixel = std::array<std::uint8_t, 3>;

    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::vector<Pixel> pixels;  ///< row by row

    /// How many pixels are within a few steps of this colour.
    std::size_t count_near(Pixel colour) const;
};

/// Throws std::runtime_error for what is no such file.
PngImage read_png(std::string_view file);

}  // namespace dts::test
