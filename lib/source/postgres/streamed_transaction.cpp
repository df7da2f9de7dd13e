#include "lib/source/postgres/streamed_transaction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <random>
#include <span>
#include <system_error>
#include <type_traits>
#include <unistd.h>

#include "lib/base/activity.hpp"
#include "lib/base/crc32.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

/// As much of a transaction stays in memory: one of whose tables none is wanted takes no file, and
/// no descriptor. There are no more transactions in progress than the server has sessions.
constexpr std::size_t most_in_memory = 16 * 1024;

/// Before what is written at once: how much it is, and the checksum of it and what stands behind
/// the checksum here: a piece of another file, or from another place, is as wrong as a torn one.
struct PieceHeader {
    std::uint32_t bytes;
    std::uint32_t checksum;
    std::uint64_t file;
    std::uint64_t place;
};
static_assert(std::has_unique_object_representations_v<PieceHeader>);
constexpr std::size_t checked_from = offsetof(PieceHeader, file);
/// Before each message in it: its length, and the (sub)transaction that sent it.
struct MessageHeader {
    std::uint32_t bytes;
    std::uint32_t xid;
};

/// Of a piece with its header.
std::uint32_t checksum_of(std::string_view piece) {
    return crc32_of(std::as_bytes(std::span(piece)).subspan(checked_from));
}

std::uint64_t random_number() {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

/// Each once.
void put_in_order(std::vector<std::uint32_t>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

}  // namespace

StreamedTransaction::StreamedTransaction(std::shared_ptr<StreamedFolder> folder, std::uint32_t xid)
    : folder_(std::move(folder)), xid_(xid), number_(random_number()) {}

/// The file system frees the blocks at once, which takes a while for many.
StreamedTransaction::~StreamedTransaction() {
    const While closing(Doing::outside);
    file_ = FileHandle();
}

void StreamedTransaction::add(std::uint32_t xid, std::string_view head, std::string_view rest) {
    if (xid != last_xid_ && xid != xid_ && xid != no_subtransaction)
        subtransactions_.push_back(xid);
    last_xid_ = xid;
    const MessageHeader header{static_cast<std::uint32_t>(head.size() + rest.size()), xid};
    if (buffer_.empty()) buffer_.resize(sizeof(PieceHeader));
    buffer_.append(reinterpret_cast<const char*>(&header), sizeof header).append(head).append(rest);
    if (buffer_.size() >= piece_bytes) flush();
}

void StreamedTransaction::end_part() {
    if (buffer_.size() > most_in_memory) flush();
}

void StreamedTransaction::flush() {
    if (buffer_.empty()) return;
    if (!file_) file_ = folder_->make_file();
    PieceHeader header{static_cast<std::uint32_t>(buffer_.size() - sizeof(PieceHeader)), 0, number_,
                       bytes_};
    std::memcpy(buffer_.data(), &header, sizeof header);
    header.checksum = checksum_of(buffer_);
    std::memcpy(buffer_.data(), &header, sizeof header);
    folder_->take_room(file_, buffer_.size());
    const While writing(Doing::outside);
    std::string_view bytes = buffer_;
    while (!bytes.empty()) {
        const auto written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) folder_->can_not_keep(std::generic_category().message(errno));
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    bytes_ += buffer_.size();
    std::string().swap(buffer_);
}

std::vector<std::uint32_t> StreamedTransaction::subtransactions() {
    put_in_order(subtransactions_);
    put_in_order(taken_back_);
    std::vector<std::uint32_t> counting;
    std::set_difference(subtransactions_.begin(), subtransactions_.end(), taken_back_.begin(),
                        taken_back_.end(), std::back_inserter(counting));
    return counting;
}

void StreamedTransaction::read_at(std::uint64_t place, char* to, std::size_t bytes) {
    const While reading(Doing::outside);
    while (bytes > 0) {
        const auto got = ::pread(file_.get(), to, bytes, static_cast<off_t>(place));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) folder_->can_not_keep("reading it: " + std::generic_category().message(errno));
        if (got == 0) folder_->can_not_keep("reading it: it is shorter than what was written");
        place += static_cast<std::uint64_t>(got);
        to += got;
        bytes -= static_cast<std::size_t>(got);
    }
}

/// False at the end. A piece holds whole messages; the last one may never have left memory.
bool StreamedTransaction::read_piece() {
    if (read_ == 0) put_in_order(taken_back_);
    if (read_ == bytes_) {
        piece_ = std::exchange(buffer_, {});
        begin_ = sizeof(PieceHeader);
        return !piece_.empty();
    }
    PieceHeader header{};
    piece_.resize(sizeof header);
    read_at(read_, piece_.data(), sizeof header);
    std::memcpy(&header, piece_.data(), sizeof header);
    const std::uint64_t left =
        bytes_ - read_ - std::min<std::uint64_t>(bytes_ - read_, sizeof header);
    const bool is_whole = header.bytes != 0 && header.bytes <= left && header.file == number_ &&
                          header.place == read_;
    if (is_whole) {
        piece_.resize(sizeof header + header.bytes);
        read_at(read_ + sizeof header, piece_.data() + sizeof header, header.bytes);
    }
    if (!is_whole || checksum_of(piece_) != header.checksum)
        folder_->can_not_keep("reading it: it is not what was written");
    read_ += piece_.size();
    begin_ = sizeof header;
    return true;
}

std::optional<Bytes> StreamedTransaction::next() {
    while (begin_ < piece_.size() || read_piece()) {
        MessageHeader header{};
        std::memcpy(&header, piece_.data() + begin_, sizeof header);
        const auto message = std::string_view(piece_).substr(begin_ + sizeof header, header.bytes);
        begin_ += sizeof header + header.bytes;
        if (std::binary_search(taken_back_.begin(), taken_back_.end(), header.xid)) continue;
        return std::as_bytes(std::span(message));
    }
    return std::nullopt;
}

void StreamedTransactions::clear() noexcept {
    open_.clear();
    current_ = nullptr;
}

void StreamedTransactions::begin_part(std::uint32_t xid, bool is_first) {
    if (current_ != nullptr)
        throw Error(ErrorKind::data, "a part of a streamed transaction inside another one");
    auto found = open_.find(xid);
    if (is_first != (found == open_.end())) {
        throw Error(ErrorKind::data,
                    fmt::format("a part of the streamed transaction {} {}", xid,
                                is_first ? "that begins it once more" : "without its beginning"));
    }
    if (!folder_) throw Error(ErrorKind::data, "a streamed transaction, which was not asked for");
    if (is_first)
        found = open_.emplace(xid, std::make_unique<StreamedTransaction>(folder_, xid)).first;
    current_ = found->second.get();
}

void StreamedTransactions::end_part() {
    if (current_ == nullptr)
        throw Error(ErrorKind::data, "the end of a part of no streamed transaction");
    current_->end_part();
    current_ = nullptr;
}

std::uint64_t StreamedTransactions::abort(std::uint32_t xid, std::uint32_t subtransaction) {
    const auto found = open_.find(xid);
    if (found == open_.end()) return 0;
    if (found->second.get() == current_)
        throw Error(ErrorKind::data, "a streamed transaction that ends inside a part of it");
    if (subtransaction != xid) {
        found->second->take_back(subtransaction);
        return 0;
    }
    const std::uint64_t bytes = found->second->bytes_aside;
    open_.erase(found);
    return bytes;
}

std::unique_ptr<StreamedTransaction> StreamedTransactions::commit(std::uint32_t xid) {
    const auto found = open_.find(xid);
    if (found == open_.end() || current_ != nullptr) {
        throw Error(
            ErrorKind::data,
            fmt::format("a commit of the streamed transaction {}, which is not there", xid));
    }
    auto transaction = std::move(found->second);
    open_.erase(found);
    return transaction;
}

}  // namespace dts
