#include "lib/sink/sql_file_sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "lib/base/error.hpp"
#include "lib/sink/enum_zero.hpp"
#include "lib/sink/sql_text.hpp"

namespace dts {

namespace {

constexpr std::string_view checkpoint_mark = "-- position: ";

/// What the statements are written for, whoever executes them: times in UTC, dates and zeros as the
/// source had them. In front of each transaction, so that any part of the file can be executed.
constexpr std::string_view session_settings =
    "SET time_zone='+00:00', "
    "sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION',"
    " NAMES utf8mb4;\n";

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
    return json;
}

std::pair<std::uint64_t, std::optional<std::string>> SqlFileSink::last_checkpoint() const {
    std::ifstream in(options_.file, std::ios::binary | std::ios::ate);
    if (!in) return {0, std::nullopt};
    const auto size = static_cast<std::uint64_t>(in.tellg());
    std::string tail;
    // From the end, in growing steps: the last mark is near it.
    for (std::uint64_t span = 64 * 1024;; span *= 4) {
        const std::uint64_t begin = size > span ? size - span : 0;
        tail.resize(size - begin);
        in.seekg(static_cast<std::streamoff>(begin));
        in.read(tail.data(), static_cast<std::streamsize>(tail.size()));
        // A mark counts once its line is whole.
        const auto last_line_end = tail.rfind('\n');
        if (last_line_end != std::string::npos) {
            const auto mark = tail.rfind("\n" + std::string(checkpoint_mark), last_line_end - 1);
            const bool at_start =
                begin == 0 && mark == std::string::npos && tail.starts_with(checkpoint_mark);
            if (mark != std::string::npos || at_start) {
                const auto line = at_start ? 0 : mark + 1;
                const auto end = tail.find('\n', line);
                const auto json = line + checkpoint_mark.size();
                return {begin + end + 1, tail.substr(json, end - json)};
            }
        }
        if (begin == 0) return {0, std::nullopt};
    }
}

std::optional<std::string> SqlFileSink::read_checkpoint() {
    return last_checkpoint().second;
}

void SqlFileSink::store_checkpoint(const Position& position) {
    file_->append_durably(fmt::format("{}{}\n", checkpoint_mark, position.to_json()));
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
    const auto form = sql_text::insert_form(binding, options_.replace && !options_.reverse, true);
    WriteKind kind = write.kind;
    RowWrite what = row;
    if (options_.reverse) {
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
                break;
        }
    }
    const std::size_t begin = out.size();
    sql_text::append_statement(out, binding, kind, what, form);
    if (what.after != nullptr && enum_zero::count(binding, what.after) != 0) {
        enum_zero::allow(out, begin, enum_zero::Dialect::both);
    }
    out += ";\n";
}

void SqlFileSink::apply(EncodedGroup& group) {
    auto& encoded = static_cast<Encoded&>(group);
    parts_ += encoded.text;
    if (!encoded.group.ends_transaction) return;
    const std::string checkpoint =
        fmt::format("{}{}\n", checkpoint_mark, encoded.group.checkpoint->to_json());
    std::string text;
    if (!parts_.empty() && options_.reverse) {
        // From last to first, the settings and BEGIN come first there too.
        text = fmt::format("COMMIT;\n{}BEGIN;\n{}", parts_, session_settings);
    } else if (!parts_.empty()) {
        text = fmt::format("{}BEGIN;\n{}COMMIT;\n", session_settings, parts_);
    }
    parts_.clear();
    file_->append_durably(text + checkpoint);
}

}  // namespace dts
