#include "lib/source/postgres/streamed_transaction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <system_error>
#include <unistd.h>

#include "lib/base/activity.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;
/// Before each message: its length, and the (sub)transaction that sent it.
struct Header {
    std::uint32_t bytes;
    std::uint32_t xid;
};

[[noreturn]] void fail(std::string_view action, const std::filesystem::path& folder) {
    throw Error(
        ErrorKind::durability,
        fmt::format("can not {} what a transaction in progress has sent, in {}: {}", action,
                    folder.string(), std::generic_category().message(errno)),
        "a transaction that the source sends while it goes on is kept beside the logs until "
        "it commits: make room there, or set [extractor] stream_in_progress=false");
}

FileHandle nameless_file(const std::filesystem::path& folder) {
    std::string path = (folder / "streamed.XXXXXX").string();
    FileHandle file(::mkostemp(path.data(), O_CLOEXEC));
    if (!file || ::unlink(path.c_str()) != 0) fail("keep", folder);
    return file;
}

}  // namespace

StreamedTransaction::StreamedTransaction(const std::filesystem::path& folder)
    : folder_(folder), file_(nameless_file(folder)) {}

void StreamedTransaction::add(std::uint32_t xid, std::string_view head, std::string_view rest) {
    const Header header{static_cast<std::uint32_t>(head.size() + rest.size()), xid};
    buffer_.append(reinterpret_cast<const char*>(&header), sizeof header).append(head).append(rest);
    if (buffer_.size() >= piece_bytes) flush();
}

void StreamedTransaction::flush() {
    const While writing(Doing::outside);
    std::string_view bytes = buffer_;
    while (!bytes.empty()) {
        const auto written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write", folder_);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    bytes_ += buffer_.size();
    std::string().swap(buffer_);
}

/// At least so many bytes from where reading stands, all that are there in one piece.
std::string_view StreamedTransaction::fill(std::size_t bytes) {
    if (buffer_.size() - begin_ >= bytes) return std::string_view(buffer_).substr(begin_);
    buffer_.erase(0, begin_);
    begin_ = 0;
    const std::uint64_t at = read_ + buffer_.size();
    const std::uint64_t wanted = std::max(bytes, piece_bytes) - buffer_.size();
    std::size_t have = buffer_.size();
    buffer_.resize(have + static_cast<std::size_t>(std::min(wanted, bytes_ - at)));
    const While reading(Doing::outside);
    while (have < buffer_.size()) {
        const auto got = ::pread(file_.get(), buffer_.data() + have, buffer_.size() - have,
                                 static_cast<off_t>(read_ + have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("read", folder_);
        if (got == 0) throw Error(ErrorKind::bug, "a streamed transaction is shorter than written");
        have += static_cast<std::size_t>(got);
    }
    if (have < bytes) throw Error(ErrorKind::bug, "a streamed transaction ends within a message");
    return buffer_;
}

std::optional<Bytes> StreamedTransaction::next() {
    while (read_ < bytes_) {
        Header header{};
        std::memcpy(&header, fill(sizeof header).data(), sizeof header);
        const auto message = fill(sizeof header + header.bytes).substr(sizeof header, header.bytes);
        begin_ += sizeof header + header.bytes;
        read_ += sizeof header + header.bytes;
        if (taken_back_.count(header.xid) != 0) continue;
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
    if (is_first) found = open_.emplace(xid, std::make_unique<StreamedTransaction>(folder_)).first;
    current_ = found->second.get();
}

void StreamedTransactions::end_part() {
    if (current_ == nullptr)
        throw Error(ErrorKind::data, "the end of a part of no streamed transaction");
    current_->flush();
    current_ = nullptr;
}

void StreamedTransactions::abort(std::uint32_t xid, std::uint32_t subtransaction) {
    const auto found = open_.find(xid);
    if (found == open_.end()) return;
    if (found->second.get() == current_)
        throw Error(ErrorKind::data, "a streamed transaction that ends inside a part of it");
    if (subtransaction == xid) {
        open_.erase(found);
    } else {
        found->second->take_back(subtransaction);
    }
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
