// Tables, rows and batches for tests of sink and pipeline, made without a server.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "lib/change/change_batch.hpp"
#include "lib/position/mysql_position.hpp"

namespace dts::test {

/// `db`.`name` (id INT PRIMARY KEY, then the other columns as nullable VARCHAR), utf8mb4.
inline TableSchema make_table(const std::string& name, std::initializer_list<const char*> others,
                              bool with_key = true) {
    TableSchema table;
    table.schema = "db";
    table.table = name;
    Column id;
    id.name = "id";
    id.type = ColumnType::int32;
    id.nullable = !with_key;
    table.columns.push_back(id);
    for (const char* other : others) {
        Column column;
        column.name = other;
        column.charset = "utf8mb4";
        table.columns.push_back(column);
    }
    if (with_key) {
        table.unique_keys.push_back({"PRIMARY", {0}, false, false});
        table.has_primary_key = true;
    }
    return table;
}

inline Value text(std::string_view v) {
    return Value::view(ValueKind::text, v);
}

/// Positions are "b.000001" with the offset counted up by 100 for each commit of the builder.
class BatchBuilder {
  public:
    explicit BatchBuilder(std::uint64_t first_offset = 0) : offset_(first_offset) {}

    BatchBuilder& insert(const TableSchemaPtr& table, std::vector<Value> after) {
        return add(table, ChangeKind::insert, {}, std::move(after));
    }
    BatchBuilder& update(const TableSchemaPtr& table, std::vector<Value> before,
                         std::vector<Value> after) {
        return add(table, ChangeKind::update, std::move(before), std::move(after));
    }
    BatchBuilder& remove(const TableSchemaPtr& table, std::vector<Value> before) {
        return add(table, ChangeKind::remove, std::move(before), {});
    }
    BatchBuilder& truncate(const TableSchemaPtr& table) {
        return add(table, ChangeKind::truncate, {}, {});
    }
    /// Nothing else may be in the batch, but its mark.
    BatchBuilder& command(CollectionCommand command) {
        batch_->command = std::make_shared<CollectionCommand>(std::move(command));
        return *this;
    }
    BatchBuilder& commit() {
        offset_ += 100;
        offsets_.push_back(offset_);
        batch_->commits.push_back({static_cast<std::uint32_t>(batch_->changes.size()),
                                   static_cast<std::int64_t>(offset_) * 1'000'000});
        return *this;
    }
    ChangeBatchPtr take() {
        batch_->trail = std::make_unique<Trail>(std::move(offsets_), offset_);
        offsets_.clear();
        return std::exchange(batch_, std::make_unique<ChangeBatch>());
    }

  private:
    class Trail final : public CommitTrail {
      public:
        Trail(std::vector<std::uint64_t> offsets, std::uint64_t last)
            : offsets_(std::move(offsets)), last_(last) {}
        PositionPtr after_commit(std::size_t mark) const override { return at(offsets_.at(mark)); }
        PositionPtr last_read() const override { return at(last_ + 1); }

      private:
        static PositionPtr at(std::uint64_t offset) {
            auto position = std::make_shared<MysqlPosition>();
            position->binlog_filename = "b.000001";
            position->next_event_position = offset;
            return position;
        }
        std::vector<std::uint64_t> offsets_;
        std::uint64_t last_;
    };

    BatchBuilder& add(const TableSchemaPtr& table, ChangeKind kind, std::vector<Value> before,
                      std::vector<Value> after) {
        batch_->tables.push_back(table);
        batch_->changes.push_back({table.get(), keep(before), keep(after), kind});
        return *this;
    }
    const Value* keep(const std::vector<Value>& values) {
        if (values.empty()) return nullptr;
        auto memory = batch_->arena.allocate<Value>(values.size());
        std::copy(values.begin(), values.end(), memory.begin());
        return memory.data();
    }

    ChangeBatchPtr batch_ = std::make_unique<ChangeBatch>();
    std::vector<std::uint64_t> offsets_;
    std::uint64_t offset_;
};

inline std::uint64_t offset_of(const PositionPtr& position) {
    return dynamic_cast<const MysqlPosition&>(*position).next_event_position;
}

}  // namespace dts::test
