// Transactions that the server sends before it is known whether they commit (pgoutput protocol 2,
// streaming). Their messages are kept in files of the log directory until then, so memory stays
// bounded, the target sees transactions in the order of their commits, and nothing of one that is
// taken back.
//
// A file has no name: it is gone with the worker, however that ends. The server sends what has not
// been acknowledged again, and what is in progress has not. So nobody syncs it to the disk, whose
// errors may come late or never: what is read must be what was written, by its checksum. One
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/byte_reader.hpp"
#include "lib/source/postgres/streamed_folder.hpp"

namespace dts {

/// One of them, on disk where it is more than a little. First written, then read, once. What fails
/// gives its folder up, which throws.
class StreamedTransaction {
  public:
    static constexpr std::uint32_t no_subtransaction = 0;  ///< no transaction has that number

    StreamedTransaction(std::shared_ptr<StreamedFolder> folder, std::uint32_t xid);
    ~StreamedTransaction();
    StreamedTransaction(const StreamedTransaction&) = delete;
    StreamedTransaction& operator=(const StreamedTransaction&) = delete;

    /// A message of this (sub)transaction, in two pieces.
    void add(std::uint32_t xid, std::string_view head, std::string_view rest);
    /// What was added leaves memory, but for a little.
    void end_part();
    /// All of it.
    void flush();
    /// What this subtransaction has sent so far does not count.
    void take_back(std::uint32_t subtransaction) { taken_back_.push_back(subtransaction); }
    /// Subtransactions that have sent something and are not known to be taken back.
    std::vector<std::uint32_t> subtransactions();

    /// The next message that counts, valid until the next call; nothing at the end.
    std::optional<Bytes> next();

    std::set<std::uint32_t> unwanted_tables;  ///< their changes are not kept
    std::uint64_t skipped_changes = 0;        ///< which were so many
    std::uint64_t bytes_aside = 0;            ///< as the server sent them, of what is to be read
    std::string origin;                       ///< empty: the server's own

  private:
    bool read_piece();
    void read_at(std::uint64_t place, char* to, std::size_t bytes);

    std::shared_ptr<StreamedFolder> folder_;
    std::uint32_t xid_;
    std::uint64_t number_;   ///< random, and the file's own
    FileHandle file_;        ///< none until there is something to write
    std::string buffer_;     ///< the piece that is being written
    std::string piece_;      ///< the one that is being read
    std::size_t begin_ = 0;  ///< of what is not read yet in it
    std::uint64_t bytes_ = 0;
    std::uint64_t read_ = 0;
    std::uint32_t last_xid_ = no_subtransaction;
    // As they came, four bytes each: there may be millions, and what follows one does not come back
    // to it more often than there are others.
    std::vector<std::uint32_t> subtransactions_;
    std::vector<std::uint32_t> taken_back_;  ///< in order from the first next() on
};

/// All that are in progress, by the number of the transaction.
class StreamedTransactions {
  public:
    /// `folder` may be nullptr where none is asked for.
    explicit StreamedTransactions(std::shared_ptr<StreamedFolder> folder)
        : folder_(std::move(folder)) {}

    /// A new stream: the server begins anew with all of them.
    void clear() noexcept;

    /// The messages that follow are a part of this one, until end_part(). Throws Error{data} for a
    /// part inside another one, and one whose beginning is missing or comes twice.
    void begin_part(std::uint32_t xid, bool is_first);
    void end_part();
    bool in_part() const noexcept { return current_ != nullptr; }
    /// REQUIRES in_part().
    StreamedTransaction& current() noexcept { return *current_; }

    /// The transaction, or a subtransaction of it, is taken back. What is not known is passed over.
    /// The bytes_aside that are gone with it.
    std::uint64_t abort(std::uint32_t xid, std::uint32_t subtransaction);
    /// The one that commits; it is in progress no more. Throws Error{data} when there is none.
    std::unique_ptr<StreamedTransaction> commit(std::uint32_t xid);

  private:
    std::shared_ptr<StreamedFolder> folder_;
    std::map<std::uint32_t, std::unique_ptr<StreamedTransaction>> open_;
    StreamedTransaction* current_ = nullptr;
};

}  // namespace dts
