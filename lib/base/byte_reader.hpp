// Reads a span of bytes from the front, every step checked: bytes from outside never make us read
// past their end. Little-endian integers unless the name says otherwise. Throws Error{data} when it
// is short.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace dts {

using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ByteReader {
  public:
    explicit ByteReader(Bytes bytes) noexcept : next_(bytes.data()), end_(next_ + bytes.size()) {}

    std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - next_); }
    bool empty() const noexcept { return next_ == end_; }

    Bytes take(std::size_t count) {
        if (count > remaining()) fail(count);
        Bytes result{next_, count};
        next_ += count;
        return result;
    }
    void skip(std::size_t count) { take(count); }
    /// All that is left.
    Bytes rest() { return take(remaining()); }
    /// What is left, without consuming it.
    Bytes peek() const noexcept { return {next_, remaining()}; }

    std::uint8_t u8() { return static_cast<std::uint8_t>(take(1)[0]); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(unsigned_le<2>()); }
    std::uint32_t u24() { return static_cast<std::uint32_t>(unsigned_le<3>()); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(unsigned_le<4>()); }
    std::uint64_t u48() { return unsigned_le<6>(); }
    std::uint64_t u64() { return unsigned_le<8>(); }

    std::string_view text(std::size_t count) { return as_text(take(count)); }

    template <std::size_t N>
    std::uint64_t unsigned_le() {
        const std::byte* from = take(N).data();
        std::uint64_t value = 0;
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(&value, from, N);
        } else {
            for (std::size_t i = 0; i < N; ++i)
                value |= std::to_integer<std::uint64_t>(from[i]) << (8 * i);
        }
        return value;
    }

    template <std::size_t N>
    std::uint64_t unsigned_be() {
        const std::byte* from = take(N).data();
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < N; ++i)
            value = value << 8 | std::to_integer<std::uint64_t>(from[i]);
        return value;
    }

  private:
    [[noreturn]] void fail(std::size_t wanted) const;

    const std::byte* next_;
    const std::byte* end_;
};

}  // namespace dts
