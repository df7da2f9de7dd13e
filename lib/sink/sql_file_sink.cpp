#include "lib/sink/sql_file_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/checkpoint/backward_lines.hpp"

namespace dts {

namespace {

constexpr std::string_view checkpoint_mark = "-- position: ";

/// From `start` to the end of its line, and where the next one starts.
std::pair<std::uint64_t, std::string> read_line(ReadableFile& file, std::uint64_t start) {
    constexpr std::uint64_t step = 4096;
    std::string line;
    for (std::string more; !(more = file.read(start + line.size(), step)).empty();) {
        const auto newline = more.find('\n');
        line.append(more, 0, newline);
        if (newline != std::string::npos) break;
    }
    return {start + line.size() + 1, line};
}

}  // namespace

struct SqlFileSink::Encoded final : EncodedGroup {
    using EncodedGroup::EncodedGroup;
    std::string text;
};

std::optional<std::string> SqlFileSink::claim_checkpoint() {
    if (!std::filesystem::exists(options_.file)) {
        write_new_file(options_.file, "");
        sync_folder(std::filesystem::absolute(options_.file).parent_path());
    }
    file_ = std::make_unique<DurableFile>(options_.file);
    auto [end, json] = last_checkpoint();
    if (end < file_->size()) file_->truncate(end);
    checkpoint_end_ = end;
    in_transaction_ = false;
    return json;
}

/// Read from its end in blocks: what a crash left of a large transaction may be longer than memory.
std::pair<std::uint64_t, std::optional<std::string>> SqlFileSink::last_checkpoint() const {
    constexpr std::uint64_t block = 256 * 1024;
    auto file = ReadableFile::open_if_there(options_.file);
    if (!file) return {0, std::nullopt};
    // A mark counts once its line is whole.
    const std::uint64_t lines_end = end_of_last_line(*file);
    const std::string line_with_mark = "\n" + std::string(checkpoint_mark);
    for (std::uint64_t end = lines_end; end > 0;) {
        const std::uint64_t start = end - std::min(end, block);
        // With the beginning of the block before, which may end within a mark.
        const std::string bytes =
            (start == 0 ? "\n" : "") +
            file->read(start, std::min(end - start + line_with_mark.size(), lines_end - start));
        const auto mark = bytes.rfind(line_with_mark);
        if (mark != std::string::npos) {
            const std::uint64_t json = start + mark + line_with_mark.size() - (start == 0 ? 1 : 0);
            return read_line(*file, json);
        }
        end = start;
    }
    return {0, std::nullopt};
}

std::optional<std::string> SqlFileSink::read_checkpoint() {
    return last_checkpoint().second;
}

void SqlFileSink::store_checkpoint(const Position& position) {
    if (in_transaction_)
        throw Error(ErrorKind::bug, "a checkpoint of its own inside a transaction");
    append_checkpoint({}, position);
}

void SqlFileSink::append_checkpoint(std::string_view text, const Position& position) {
    file_->append_durably(fmt::format("{}{}{}\n", text, checkpoint_mark, position.to_json()));
    checkpoint_end_ = file_->size();
}

std::unique_ptr<EncodedGroup> SqlFileSink::encode(WriteGroup group) {
    auto encoded = std::make_unique<Encoded>(std::move(group));
    for (const TableWrite& write : encoded->group.writes) {
        for (const RowWrite& row : write.rows) append_change(encoded->text, write, row);
    }
    return encoded;
}

void SqlFileSink::append_change(std::string& out, const TableWrite& write,
                                const RowWrite& row) const {
    const TableBinding& binding = *write.binding;
    WriteKind kind = write.kind;
    RowWrite what = row;
    if (options_.reverse) {
        if (row.before != nullptr) dialect_->require_undoable(binding, row.before);
        std::swap(what.before, what.after);
        const bool exact = binding.keyless();
        switch (kind) {
            case WriteKind::insert:
            case WriteKind::upsert:
                kind = exact ? WriteKind::remove_exact : WriteKind::remove;
                break;
            case WriteKind::remove:
            case WriteKind::remove_exact:
                kind = WriteKind::insert;
                break;
            case WriteKind::update:
            case WriteKind::update_exact:
            case WriteKind::truncate:
            case WriteKind::definition:
                break;
        }
    }
    dialect_->append(out, binding, kind, what, options_.replace && !options_.reverse);
    out += '\n';
}

void SqlFileSink::apply(EncodedGroup& group) {
    auto& encoded = static_cast<Encoded&>(group);
    std::string& text = encoded.text;
    // Reversed, the settings and BEGIN come first from last to first too.
    if (!text.empty() && !in_transaction_) {
        text.insert(0, options_.reverse ? "COMMIT;\n"
                                        : fmt::format("{}BEGIN;\n", dialect_->session_settings()));
        in_transaction_ = true;
    }
    if (!encoded.group.ends_transaction) return file_->append_durably(text);
    if (in_transaction_) {
        text += options_.reverse ? fmt::format("BEGIN;\n{}", dialect_->session_settings())
                                 : "COMMIT;\n";
    }
    append_checkpoint(text, *encoded.group.checkpoint);
    in_transaction_ = false;
}

void SqlFileSink::abandon() noexcept {
    if (!std::exchange(in_transaction_, false)) return;
    try {
        file_->truncate(checkpoint_end_);
    } catch (const Error&) {
        // Nothing is written to it any more, and the next start cuts it.
    }
}

}  // namespace dts
