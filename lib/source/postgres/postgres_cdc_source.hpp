// Follows a Postgres database through a logical replication slot. The parts: replication_stream
// (the network), pgoutput_decoder (messages to batches), slot_inventory and postgres_preflight
// (questions to the server).
//
// In which order things become durable, and what a crash between two of them leaves:
//   first start: publication · slot · identity and position in the log directory · in the target.
//     Behind the publication: it is found and used. Behind the slot: nobody has acknowledged
//     anything, so it stands where it was made, and the next first start begins there.
//   running: changes and checkpoint in the target · position.log · acknowledged to the server.
//     The server forgets only what both hold; behind any crash the slot stands at or before the
//     target's checkpoint.
//   resume: nothing is made. A slot that is missing, lost or ahead of the position is a gap.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/client/postgres_client.hpp"
#include "lib/source/postgres/binary_choice.hpp"
#include "lib/source/postgres/definition_log.hpp"
#include "lib/source/postgres/postgres_heartbeat.hpp"
#include "lib/source/postgres/postgres_preflight.hpp"
#include "lib/source/postgres/streamed_folder.hpp"
#include "lib/source/source.hpp"

namespace dts {

struct PostgresCdcOptions {
    PostgresEndpoint endpoint;
    std::string slot;
    std::string publication;
    std::string start_lsn;  ///< empty: where the slot stands
    bool recreate_slot = false;
    bool take_over = false;  ///< end another reader of the slot
    bool truncates = false;  ///< TRUNCATE is applied
    /// Unless it is given up, the server sends large transactions while they go on, from version 14
    /// on; they are kept here until they commit. nullptr: they are read when they commit.
    std::shared_ptr<StreamedFolder> streamed_folder;
    /// Transactions that were written first elsewhere, under this name, are passed over.
    std::function<bool(std::string_view origin)> skips_origin;
    std::chrono::milliseconds keepalive_interval{10'000};
    int heartbeat_interval_secs = 10;                  ///< for start_line() only
    std::optional<PostgresTableName> heartbeat_table;  ///< made before the publication is
    /// Where definition statements are noted, and which of them are applied.
    std::optional<PostgresTableName> definition_table;
    DefinitionRules definitions;
    std::shared_ptr<BinaryChoice> binary;  ///< nullptr: values are asked for as text
    TableSelector selector;
    std::size_t batch_changes = 16'000;              ///< a batch ends with about as many
    std::size_t batch_bytes = std::size_t{8} << 20;  ///< or as much memory
};

class PostgresCdcSource final : public Source {
  public:
    explicit PostgresCdcSource(PostgresCdcOptions options);
    ~PostgresCdcSource() override;

    void preflight() override;
    std::vector<std::string> notes() const override { return notes_; }
    std::string identity() override;
    bool may_succeed(std::string_view earlier) override;
    Holding succeeds(std::string_view earlier, const Position& position) override;
    PositionPtr current_end() override;
    PositionPtr prepare_first_start(const PositionPtr& end) override;
    PositionPtr configured_start() override;
    Holding holds(const Position& position) override;
    std::string start_line(const Position& position) const override;
    void open(const PositionPtr& position) override;
    ChangeBatchPtr next() override;
    bool is_caught_up() const noexcept override;
    void acknowledge(const Position& position) override;
    void interrupt() noexcept override;

  private:
    struct Reader;

    PostgresConnection& ask(PostgresConnection::Kind kind = PostgresConnection::Kind::plain);
    void throw_interrupted() const;
    void end_identifying() noexcept;
    SlotReader slot_reader() const;
    void make_heartbeat_table();
    std::vector<std::uint32_t> aborted_of(const std::vector<std::uint32_t>& subtransactions);
    std::vector<std::uint32_t> ask_aborted(const std::vector<std::uint32_t>& subtransactions);
    void close_asked();
    ChangeBatchPtr read();
    bool reads(std::string_view schema, std::string_view table) const;
    bool choose_binary();

    PostgresCdcOptions options_;
    std::mutex asked_mutex_;  ///< of the pointer, against interrupt()
    std::unique_ptr<PostgresConnection> asked_;
    PostgresConnection::Kind asked_kind_ = PostgresConnection::Kind::plain;
    std::unique_ptr<Reader> reader_;
    std::future<std::string> identified_;  ///< by the stream, while the preflight goes on
    std::string identity_;  ///< as it was judged: the stream's own connection must meet it again
    std::vector<std::string> notes_;
    bool may_make_slot_ = false;        ///< current_end() found none: a first start makes it
    std::exception_ptr pending_error_;  ///< thrown by the next next()
    std::atomic<bool> interrupted_ = false;
};

}  // namespace dts
