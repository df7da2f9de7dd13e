// Memory for what travels together: allocations are bump-pointer, freed all at once with the arena.
// Chunks come from a process-wide pool, so a steady stream allocates nothing from the system.
// An arena is used by one thread at a time; the pool is thread-safe.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dts {

/// A block of bytes from the pool; the last holder gives it back. Batches share the chunks that the
/// network packets were read into, so values can point straight into them.
class Chunk {
  public:
    static constexpr std::size_t default_bytes = 256 * 1024;

    /// Of exactly that size. Chunks of the default size are pooled, others are not.
    static std::shared_ptr<Chunk> take(std::size_t bytes = default_bytes);

    Chunk(std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}
    Chunk(const Chunk&) = delete;
    Chunk& operator=(const Chunk&) = delete;
    ~Chunk();

    std::byte* data() noexcept { return data_; }
    const std::byte* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    std::byte* data_;
    std::size_t size_;
};

class Arena {
  public:
    Arena() = default;
    Arena(Arena&&) noexcept = default;
    Arena& operator=(Arena&&) noexcept = default;

    /// Uninitialised memory, aligned for T, valid as long as the arena.
    template <typename T>
    std::span<T> allocate(std::size_t count) {
        static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
        return {reinterpret_cast<T*>(raw(count * sizeof(T), alignof(T))), count};
    }

    /// A copy of the text, valid as long as the arena.
    std::string_view copy(std::string_view text);

    /// Keeps a chunk alive as long as this arena: what points into it stays valid.
    void adopt(std::shared_ptr<Chunk> chunk);

    /// Bytes of the chunks it took for itself; adopted ones are shared and not counted.
    std::size_t bytes() const noexcept { return bytes_; }

  private:
    std::byte* raw(std::size_t bytes, std::size_t alignment) {
        auto address = reinterpret_cast<std::uintptr_t>(next_);
        const std::size_t padding = (alignment - address % alignment) % alignment;
        if (padding + bytes > static_cast<std::size_t>(end_ - next_)) return grow(bytes, alignment);
        std::byte* result = next_ + padding;
        next_ = result + bytes;
        return result;
    }
    std::byte* grow(std::size_t bytes, std::size_t alignment);

    std::vector<std::shared_ptr<Chunk>> chunks_;
    std::byte* next_ = nullptr;
    std::byte* end_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace dts
