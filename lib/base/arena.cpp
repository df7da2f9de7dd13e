#include "lib/base/arena.hpp"

#include <algorithm>
#include <mutex>

namespace dts {

namespace {

/// Keeps a bounded number of chunks for reuse: enough for a queue in motion, not a leak after a
/// peak.
class ChunkPool {
  public:
    std::byte* take() {
        {
            std::lock_guard lock(mutex_);
            if (!free_.empty()) {
                std::byte* block = free_.back();
                free_.pop_back();
                return block;
            }
        }
        return new std::byte[Chunk::default_bytes];
    }

    void give_back(std::byte* block) {
        {
            std::lock_guard lock(mutex_);
            if (free_.size() < most_kept) {
                free_.push_back(block);
                return;
            }
        }
        delete[] block;
    }

  private:
    static constexpr std::size_t most_kept = 128;
    std::mutex mutex_;
    std::vector<std::byte*> free_;
};

constexpr std::size_t first_chunk_bytes = 8 * 1024;

/// Never destroyed: chunks may be given back by threads that outlive main's statics.
ChunkPool& pool() {
    static auto* instance = new ChunkPool;
    return *instance;
}

}  // namespace

std::shared_ptr<Chunk> Chunk::take(std::size_t bytes) {
    if (bytes == default_bytes) return std::make_shared<Chunk>(pool().take(), default_bytes);
    return std::make_shared<Chunk>(new std::byte[bytes], bytes);
}

Chunk::~Chunk() {
    if (size_ == default_bytes) {
        pool().give_back(data_);
    } else {
        delete[] data_;
    }
}

std::string_view Arena::copy(std::string_view text) {
    if (text.empty()) return {};
    auto memory = allocate<char>(text.size());
    std::memcpy(memory.data(), text.data(), text.size());
    return {memory.data(), memory.size()};
}

void Arena::adopt(std::shared_ptr<Chunk> chunk) {
    chunks_.push_back(std::move(chunk));
}

std::byte* Arena::grow(std::size_t bytes, std::size_t alignment) {
    // The first chunk is small: most batches of a quiet source hold a row or two.
    const std::size_t usual = bytes_ == 0 ? first_chunk_bytes : Chunk::default_bytes;
    auto chunk = Chunk::take(std::max(bytes + alignment, usual));
    next_ = chunk->data();
    end_ = next_ + chunk->size();
    bytes_ += chunk->size();
    adopt(std::move(chunk));
    return raw(bytes, alignment);
}

}  // namespace dts
