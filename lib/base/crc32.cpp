#include "lib/base/crc32.hpp"

#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dts {

namespace {

std::uint32_t continue_with_tables(std::uint32_t crc, Bytes bytes) noexcept {
    return static_cast<std::uint32_t>(
        ::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

#if defined(__x86_64__)

#define DTS_FOLDING __attribute__((target("pclmul,sse4.1")))

constexpr std::size_t lane = 16;

/// Powers of x modulo the polynomial, bit-reflected; see "Fast CRC Computation for Generic
/// Polynomials Using PCLMULQDQ Instruction", V. Gopal and others, Intel 2009.
struct Powers {
    long long low;
    long long high;
};
constexpr Powers over_four_lanes{0x154442bd4, 0x1c6e41596};
constexpr Powers over_one_lane{0x1751997d0, 0x0ccaa009e};
constexpr Powers over_half_a_lane{0x163cd6124, 0};
constexpr Powers polynomial_and_quotient{0x1db710641, 0x1f7011641};

DTS_FOLDING inline __m128i load(const std::byte* from) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

DTS_FOLDING inline __m128i load(const Powers& powers) noexcept {
    return _mm_set_epi64x(powers.high, powers.low);
}

/// Carries what is in `lanes` over to the bytes that follow it.
DTS_FOLDING inline __m128i fold(__m128i lanes, __m128i powers, __m128i next) noexcept {
    const __m128i low = _mm_clmulepi64_si128(lanes, powers, 0x00);
    const __m128i high = _mm_clmulepi64_si128(lanes, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/// 128 bits to the 32 of the remainder (Barrett).
DTS_FOLDING inline std::uint32_t reduce(__m128i lanes) noexcept {
    const __m128i low_words = _mm_set_epi32(0, -1, 0, -1);
    __m128i rest = _mm_xor_si128(_mm_srli_si128(lanes, 8),
                                 _mm_clmulepi64_si128(lanes, load(over_one_lane), 0x10));
    rest = _mm_xor_si128(
        _mm_srli_si128(rest, 4),
        _mm_clmulepi64_si128(_mm_and_si128(rest, low_words), load(over_half_a_lane), 0x00));
    const __m128i constants = load(polynomial_and_quotient);
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(rest, low_words), constants, 0x10);
    quotient = _mm_clmulepi64_si128(_mm_and_si128(quotient, low_words), constants, 0x00);
    return static_cast<std::uint32_t>(_mm_extract_epi32(_mm_xor_si128(rest, quotient), 1));
}

/// REQUIRES at least one lane and whole ones.
DTS_FOLDING std::uint32_t fold_lanes(const std::byte* next, std::size_t bytes) noexcept {
    const std::byte* end = next + bytes;
    __m128i first = _mm_xor_si128(load(next), _mm_cvtsi32_si128(-1));
    next += lane;
    if (bytes >= 8 * lane) {
        __m128i second = load(next);
        __m128i third = load(next + lane);
        __m128i fourth = load(next + 2 * lane);
        next += 3 * lane;
        const __m128i four = load(over_four_lanes);
        for (; end - next >= static_cast<std::ptrdiff_t>(4 * lane); next += 4 * lane) {
            first = fold(first, four, load(next));
            second = fold(second, four, load(next + lane));
            third = fold(third, four, load(next + 2 * lane));
            fourth = fold(fourth, four, load(next + 3 * lane));
        }
        const __m128i one = load(over_one_lane);
        first = fold(first, one, second);
        first = fold(first, one, third);
        first = fold(first, one, fourth);
    }
    const __m128i one = load(over_one_lane);
    for (; next != end; next += lane) first = fold(first, one, load(next));
    return ~reduce(first);
}

const bool can_fold =
    __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.1") != 0;

#endif

}  // namespace

std::uint32_t crc32_of(Bytes bytes) noexcept {
#if defined(__x86_64__)
    if (can_fold && bytes.size() >= lane) {
        const std::size_t whole = bytes.size() / lane * lane;
        return continue_with_tables(fold_lanes(bytes.data(), whole), bytes.subspan(whole));
    }
#endif
    return continue_with_tables(0, bytes);
}

}  // namespace dts
