// Writes changes as SQL statements to a file, one a line: to look at, to keep, or to undo. With
// `reverse` each statement is the inverse of its change, and executing the lines from last to first
// (tac sql.log) takes the changes back.
//
// The file holds its own checkpoint: a line "-- position: {json}" behind every group. What stands
// behind the last such line (a crash) is cut off at start, so nothing is in the file twice. A
// transaction that comes in parts is written as they come: until its position stands behind it, it
// is not to be executed.
#pragma once

#include <filesystem>
#include <memory>

#include "lib/base/durable_file.hpp"
#include "lib/sink/file_dialect.hpp"
#include "lib/sink/sink.hpp"

namespace dts {

class SqlFileSink final : public Sink {
  public:
    struct Options {
        std::filesystem::path file;
        bool reverse = false;
        bool replace = true;  ///< inserts take the place of rows that are there
    };
    SqlFileSink(Options options, std::unique_ptr<const FileDialect> dialect)
        : options_(std::move(options)), dialect_(std::move(dialect)) {}

    void preflight() override {}
    bool checkpoint_in_transaction() const noexcept override { return true; }
    std::string checkpoint_place() const override { return options_.file.string(); }
    std::optional<std::string> claim_checkpoint() override;
    std::optional<std::string> read_checkpoint() override;
    void store_checkpoint(const Position& position) override;
    TableSchemaPtr describe(std::string_view, std::string_view) override { return nullptr; }
    std::unique_ptr<EncodedGroup> encode(WriteGroup group) override;
    void apply(EncodedGroup& group) override;
    Recovery recover(const EncodedGroup&) override { return Recovery::apply_again; }
    void abandon() noexcept override;

  private:
    struct Encoded;
    void append_change(std::string& out, const TableWrite& write, const RowWrite& row) const;
    void append_checkpoint(std::string_view text, const Position& position);
    /// The end of the last checkpoint line, and its JSON.
    std::pair<std::uint64_t, std::optional<std::string>> last_checkpoint() const;

    Options options_;
    std::unique_ptr<const FileDialect> dialect_;
    std::unique_ptr<DurableFile> file_;
    std::uint64_t checkpoint_end_ = 0;  ///< of the last checkpoint line
    bool in_transaction_ = false;       ///< its head is written, its end is not
};

}  // namespace dts
