#include "test/browser/png_image.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <zlib.h>

namespace dts::test {

namespace {

using namespace std::string_view_literals;

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text.at(at));
}

std::uint32_t number_at(std::string_view text, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | byte_at(text, at + i);
    return number;
}

int paeth(int left, int up, int corner) {
    const int guess = left + up - corner;
    const int to_left = std::abs(guess - left);
    const int to_up = std::abs(guess - up);
    const int to_corner = std::abs(guess - corner);
    if (to_left <= to_up && to_left <= to_corner) return left;
    return to_up <= to_corner ? up : corner;
}

/// Undoes the filter of each row, in place; each row begins with its filter's number.
void unfilter(std::vector<std::uint8_t>& raw, std::size_t row_bytes, std::size_t rows,
              std::size_t pixel_bytes) {
    for (std::size_t row = 0; row < rows; ++row) {
        std::uint8_t* line = raw.data() + row * (row_bytes + 1) + 1;
        const std::uint8_t* above = row > 0 ? line - (row_bytes + 1) : nullptr;
        const int filter = line[-1];
        for (std::size_t i = 0; i < row_bytes; ++i) {
            const bool first = i < pixel_bytes;
            const int left = first ? 0 : line[i - pixel_bytes];
            const int up = above == nullptr ? 0 : above[i];
            const int corner = first || above == nullptr ? 0 : above[i - pixel_bytes];
            const int added = filter == 1   ? left
                              : filter == 2 ? up
                              : filter == 3 ? (left + up) / 2
                              : filter == 4 ? paeth(left, up, corner)
                                            : 0;
            line[i] = static_cast<std::uint8_t>(line[i] + added);
        }
    }
}

}  // namespace

std::size_t PngImage::count_near(Pixel colour) const {
    return static_cast<std::size_t>(
        std::count_if(pixels.begin(), pixels.end(), [&](const Pixel& pixel) {
            for (std::size_t i = 0; i < 3; ++i) {
                if (std::abs(pixel[i] - colour[i]) > 3) return false;
            }
            return true;
        }));
}

PngImage read_png(std::string_view file) {
    if (!file.starts_with("\x89PNG\r\n\x1a\n"sv)) throw std::runtime_error("no PNG");
    PngImage image;
    std::size_t pixel_bytes = 0;
    std::string packed;
    for (std::size_t at = 8; at + 12 <= file.size();) {
        const std::uint32_t length = number_at(file, at);
        const std::string_view kind = file.substr(at + 4, 4);
        const std::string_view data = file.substr(at + 8, length);
        if (kind == "IHDR") {
            image.width = number_at(data, 0);
            image.height = number_at(data, 4);
            const auto colours = byte_at(data, 9);
            pixel_bytes = colours == 2 ? 3 : colours == 6 ? 4 : 0;
            if (byte_at(data, 8) != 8 || pixel_bytes == 0 || byte_at(data, 12) != 0) {
                throw std::runtime_error("a PNG of another kind");
            }
        } else if (kind == "IDAT") {
            packed += data;
        }
        at += 12 + length;
    }
    const std::size_t row_bytes = image.width * pixel_bytes;
    std::vector<std::uint8_t> raw((row_bytes + 1) * image.height);
    uLongf size = raw.size();
    if (raw.empty() ||
        ::uncompress(raw.data(), &size, reinterpret_cast<const Bytef*>(packed.data()),
                     packed.size()) != Z_OK ||
        size != raw.size()) {
        throw std::runtime_error("the PNG's pixels cannot be read");
    }
    unfilter(raw, row_bytes, image.height, pixel_bytes);
    image.pixels.reserve(std::size_t{image.width} * image.height);
    for (std::size_t row = 0; row < image.height; ++row) {
        const std::uint8_t* line = raw.data() + row * (row_bytes + 1) + 1;
        for (std::size_t i = 0; i < row_bytes; i += pixel_bytes) {
            image.pixels.push_back({line[i], line[i + 1], line[i + 2]});
        }
    }
    return image;
}

}  // namespace dts::test
