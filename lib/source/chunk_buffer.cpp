#include "lib/source/chunk_buffer.hpp"

#include <algorithm>

namespace dts {

void ChunkBuffer::move_to_new_chunk(std::size_t wanted) {
    const Bytes tail = buffered();
    // Small packets share a pooled chunk, a large one has its own.
    auto chunk =
        Chunk::take(std::max(std::max(wanted, tail.size()) + worth_filling, Chunk::default_bytes));
    if (!tail.empty()) std::memcpy(chunk->data(), tail.data(), tail.size());
    next_ = chunk->data();
    end_ = next_ + tail.size();
    chunk_ = std::move(chunk);
}

}  // namespace dts
