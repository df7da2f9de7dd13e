#include "lib/source/postgres/pgoutput_reader.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"

namespace dts::pgoutput {

Begin MessageReader::begin() {
    Begin begin{};
    begin.commit_lsn = u64();
    begin.commit_time_us = unix_time_us(u64());
    begin.xid = u32();
    return begin;
}

Commit MessageReader::commit() {
    reader_.skip(1);  // flags, unused
    Commit commit{};
    commit.commit_lsn = u64();
    commit.end_lsn = u64();
    commit.commit_time_us = unix_time_us(u64());
    return commit;
}

StreamStart MessageReader::stream_start() {
    StreamStart start{};
    start.xid = u32();
    start.is_first = reader_.u8() == 1;
    return start;
}

StreamAbort MessageReader::stream_abort() {
    StreamAbort abort{};
    abort.xid = u32();
    abort.subtransaction = u32();
    // Version 4: where and when it was taken back.
    if (!reader_.empty()) reader_.skip(16);
    return abort;
}

std::string_view MessageReader::origin() {
    reader_.skip(8);  // its commit there
    return text();
}

Relation MessageReader::relation() {
    Relation relation{};
    relation.id = u32();
    relation.schema = text();
    // The server leaves the name of pg_catalog out.
    if (relation.schema.empty()) relation.schema = "pg_catalog";
    relation.table = text();
    relation.replica_identity = static_cast<char>(reader_.u8());
    const std::uint16_t count = u16();
    for (std::uint16_t i = 0; i < count; ++i) {
        RelationColumn column{};
        column.in_identity = (reader_.u8() & 1) != 0;
        column.name = text();
        column.type = u32();
        column.type_modifier = static_cast<std::int32_t>(u32());
        relation.columns.push_back(column);
    }
    return relation;
}

Type MessageReader::type() {
    Type type{};
    type.id = u32();
    type.schema = text();
    if (type.schema.empty()) type.schema = "pg_catalog";
    type.name = text();
    return type;
}

Truncation MessageReader::truncation() {
    const std::uint32_t count = u32();
    const std::uint8_t options = reader_.u8();
    Truncation truncation{(options & 1) != 0, (options & 2) != 0, {}};
    for (std::uint32_t i = 0; i < count; ++i) truncation.relations.push_back(u32());
    return truncation;
}

void MessageReader::tuple(std::span<Value> row, std::span<const BinaryForm> forms, Arena& arena) {
    const std::uint16_t count = u16();
    if (count != row.size()) {
        throw Error(ErrorKind::data,
                    fmt::format("a row of {} columns, its table has {}", count, row.size()));
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
        Value& value = row[i];
        const char kind = static_cast<char>(reader_.u8());
        switch (kind) {
            case 'n':
                value = Value::null();
                break;
            case 'u':
                value = Value::of(ValueKind::unchanged);
                break;
            case 't':
                value = Value::view(ValueKind::text, reader_.text(u32()));
                break;
            case 'b':
                if (i >= forms.size())
                    throw Error(ErrorKind::data, "a binary value, which was not asked for");
                value =
                    Value::view(ValueKind::text, binary_text(forms[i], reader_.take(u32()), arena));
                break;
            default:
                throw Error(ErrorKind::data,
                            fmt::format("a value of the unknown kind {}", int{kind}));
        }
    }
}

void MessageReader::finish() const {
    if (!reader_.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{} bytes behind the end of a message", reader_.remaining()));
    }
}

std::string_view MessageReader::text() {
    const std::string_view rest = as_text(reader_.peek());
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) throw Error(ErrorKind::data, "a text without its end");
    reader_.skip(end + 1);
    return rest.substr(0, end);
}

}  // namespace dts::pgoutput
