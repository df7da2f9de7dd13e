// The folder where transactions in progress are kept until they commit. It is the logs' own, which
// go first: where little room is left, or anything fails, it is given up, for good. The server
// keeps such transactions then, as it does for whoever does not ask it to stream.
//
// Nothing is lost with what was kept: the server has not been told that it is durable, and sends
// it again. Outlives the sources of a task, which are made anew after each error. One thread at a
// time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/base/file_handle.hpp"

namespace dts {

/// What the logs are left of a file system of that size: a twentieth, at least 64 MiB and at most
/// 1 GiB, but no more than a quarter of a small one. Bytes.
std::uint64_t room_of_logs(std::uint64_t file_system_bytes) noexcept;

class StreamedFolder {
  public:
    /// `reserve`: bytes that are left for the logs; what room_of_logs() says where it is not given.
    explicit StreamedFolder(std::filesystem::path path, std::optional<std::uint64_t> reserve = {})
        : path_(std::move(path)), given_reserve_(reserve) {}

    /// A new one without a name, which is gone when it is closed. Throws as can_not_keep().
    FileHandle make_file();
    /// So many bytes are about to be written to one of its files. Looks at what is free from time
    /// to time. Throws as can_not_keep() when the logs would have too little.
    void take_room(const FileHandle& file, std::uint64_t bytes);

    /// The source could not be asked what belongs to a transaction that was kept. What may pass
    /// (Error{transient}: a lost connection, a failover) is thrown on; at the second time in a row,
    /// and for all else, this gives up.
    [[noreturn]] void is_not_answered(const Error& error);
    /// It could.
    void is_answered() noexcept { unanswered_ = 0; }

    /// Keeps no more transactions. Throws Error{transient}: the way on is that of a lost
    /// connection, from the last checkpoint, without streaming.
    [[noreturn]] void give_up(std::string_view text, std::string hint);
    /// The same, for the disk, with what is free there.
    [[noreturn]] void can_not_keep(std::string_view why);
    bool is_given_up() const noexcept { return is_given_up_; }
    /// What give_up() has thrown, once: the error may have been lost behind another one.
    std::optional<Error> take_reason() noexcept { return std::exchange(reason_, std::nullopt); }

  private:
    void look_at_room(const FileHandle& file, std::uint64_t bytes);

    std::filesystem::path path_;
    std::optional<std::uint64_t> given_reserve_;
    std::uint64_t bytes_until_look_ = 0;
    unsigned unanswered_ = 0;  ///< questions in a row
    bool is_given_up_ = false;
    std::optional<Error> reason_;
};

}  // namespace dts
