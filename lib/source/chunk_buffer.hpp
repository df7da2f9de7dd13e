// A stream of bytes as contiguous pieces in pooled chunks: what is asked for lies in one chunk, so
// that views into it stay valid for whoever adopts the chunk. Nothing is copied but the tail that
// straddles a chunk's end. One thread.
#pragma once

#include <memory>

#include "lib/base/arena.hpp"
#include "lib/base/byte_reader.hpp"

namespace dts {

class ChunkBuffer {
  public:
    /// The bytes that are buffered and not yet consumed.
    Bytes buffered() const noexcept { return {next_, static_cast<std::size_t>(end_ - next_)}; }

    /// Memory to fill behind the buffered bytes: never empty, and large enough that `wanted` bytes
    /// (buffered ones included) fit into one chunk. Follow with filled().
    std::span<std::byte> room(std::size_t wanted) {
        if (chunk_ == nullptr || space_behind(next_) < wanted || space_behind(end_) < worth_filling)
            move_to_new_chunk(wanted);
        return {end_, space_behind(end_)};
    }
    void filled(std::size_t bytes) noexcept { end_ += bytes; }

    /// Takes bytes from the front; REQUIRES that as many are buffered. Valid as long as chunk().
    Bytes consume(std::size_t bytes) noexcept {
        const Bytes result{next_, bytes};
        next_ += bytes;
        return result;
    }

    /// Takes bytes out of the middle: what stands before them moves up to what follows.
    void cut(std::size_t offset, std::size_t bytes) noexcept {
        std::memmove(next_ + bytes, next_, offset);
        next_ += bytes;
    }

    /// The chunk that holds what was consumed last.
    const std::shared_ptr<Chunk>& chunk() const noexcept { return chunk_; }

  private:
    /// With less room than this at its end, a chunk is not worth another read.
    static constexpr std::size_t worth_filling = 4096;

    std::size_t space_behind(const std::byte* place) const noexcept {
        return static_cast<std::size_t>(chunk_->data() + chunk_->size() - place);
    }
    void move_to_new_chunk(std::size_t wanted);

    std::shared_ptr<Chunk> chunk_;
    std::byte* next_ = nullptr;
    std::byte* end_ = nullptr;
};

}  // namespace dts
