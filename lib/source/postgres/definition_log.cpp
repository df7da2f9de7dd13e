#include "lib/source/postgres/definition_log.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <set>

#include "lib/base/error.hpp"
#include "lib/client/postgres_client.hpp"
#include "lib/source/postgres/statement_text.hpp"

namespace dts {

namespace {

using postgres::quote_identifier;
using postgres::quote_table;
namespace statement_text = postgres_statement;

constexpr std::size_t most_quoted = 200;

rapidjson::Document parse(std::string_view json, std::string_view column) {
    rapidjson::Document document;
    document.Parse(json.data(), json.size());
    if (document.HasParseError())
        throw Error(ErrorKind::data,
                    fmt::format("a row of ddl_meta_tb: {} is not JSON: {}", column, json));
    return document;
}

std::string text_of(const rapidjson::Value& object, const char* key) {
    const auto found = object.FindMember(key);
    if (found == object.MemberEnd() || !found->value.IsString()) return {};
    return {found->value.GetString(), found->value.GetStringLength()};
}

std::string refusal(std::string_view what, std::string_view why) {
    return fmt::format("{} is not applied to the target: {}", what, why);
}

DefinitionLog::Verdict refused(std::string_view what, std::string_view why) {
    return {nullptr, {refusal(what, why)}};
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

/// "alter_table" of "ALTER TABLE".
std::string kind_of(std::string_view tag) {
    std::string kind;
    for (const char c : tag)
        kind += c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return kind;
}

std::string not_asked_for(std::string_view kind) {
    return fmt::format("[filter] do_ddls does not have {}", kind);
}

constexpr std::string_view is_routed_text =
    "it names what [router] calls otherwise in the target; apply it there by hand";
constexpr const char* is_shared_text =
    "another source table is written to the same place of the target as well; do there by hand "
    "what is right for both";

}  // namespace

struct DefinitionLog::Object {
    std::string type, schema, name, root_schema, root;

    bool is_schema() const { return type == "schema"; }
    std::string display_name() const {
        return is_schema() ? quote_identifier(name) : quote_table(schema, name);
    }
    static std::vector<Object> read(std::string_view json) {
        std::vector<Object> objects;
        const auto document = parse(json, "objects");
        if (!document.IsArray()) return objects;
        for (const auto& item : document.GetArray()) {
            if (!item.IsObject()) continue;
            objects.push_back({text_of(item, "type"), text_of(item, "schema"),
                               text_of(item, "name"), text_of(item, "root_schema"),
                               text_of(item, "root")});
        }
        return objects;
    }
};

const std::vector<std::string>& DefinitionRow::columns() {
    static const std::vector<std::string> names = {"event",   "tag",      "query",       "context",
                                                   "objects", "settings", "statement_at"};
    return names;
}

DefinitionRow DefinitionRow::from(const TableSchema& table, const Value* values) {
    const auto text = [&](std::string_view name) -> std::string_view {
        const int ordinal = table.find(name);
        if (ordinal < 0 || !values[ordinal].is_view())
            throw Error(ErrorKind::data,
                        fmt::format("a row of {} has no value for the column {}",
                                    table.display_name(), name),
                        "make ddl_meta_tb and its trigger as the README says");
        return values[ordinal].as_view();
    };
    return {text("event"),   text("tag"),      text("query"),       text("context"),
            text("objects"), text("settings"), text("statement_at")};
}

DefinitionLog::Verdict DefinitionLog::read(const DefinitionRow& row) {
    if (row.event == "sql_drop") return read_drop(row, Object::read(row.objects));
    const std::size_t nth = count(row);
    const auto objects = Object::read(row.objects);
    if (objects.empty()) return {};
    const auto caller = statement_text::read_context(row.context);
    const auto text = caller.is_client   ? statement_text::find(row.query, row.tag, nth)
                      : caller.statement ? statement_text::only(*caller.statement, row.tag)
                                         : std::nullopt;
    // The table's name before, where it has got another one.
    const auto old = text ? statement_text::old_name(*text) : std::nullopt;
    const bool had_selected_name =
        old && rules_.selects(old->schema.value_or(objects.front().schema), old->table);
    if (!had_selected_name && std::none_of(objects.begin(), objects.end(),
                                           [&](const auto& object) { return is_selected(object); }))
        return {};
    if (row.tag == "CREATE SCHEMA") return read_schema(row, objects);
    return read_statement(row, objects, text);
}

/// How many of this tag the same message of the client has brought before. Every one of them is
/// noted, also those that did nothing.
std::size_t DefinitionLog::count(const DefinitionRow& row) {
    if (last_statement_at_ != row.statement_at) {
        last_statement_at_ = row.statement_at;
        seen_.clear();
    }
    if (!statement_text::read_context(row.context).is_client) return 0;
    return seen_[std::string(row.tag)]++;
}

bool DefinitionLog::is_selected(const Object& object) const {
    if (object.is_schema()) return rules_.selects(object.name, "");
    return rules_.selects(object.schema, object.name) ||
           (!object.root.empty() && rules_.selects(object.root_schema, object.root));
}

/// nullptr: it is dropped. Empty: it is none of the task's.
const char* DefinitionLog::why_not_dropped(const Object& object) const {
    // Of which table an index was, and of which one a table was a partition, is not known any more.
    if (object.type == "index")
        return rules_.takes_indexes_of(object.schema)
                   ? nullptr
                   : "its table is not known any more, and not all tables of its schema are "
                     "written to a schema of their own; drop it there by hand";
    if (!is_selected(object))
        return !object.is_schema() && rules_.selects_part_of(object.schema)
                   ? "[filter] does not take it; where it was a partition of a table that it "
                     "takes, drop it there by hand"
                   : "";
    const bool shares = object.is_schema() ? rules_.shares_target(object.name, "")
                                           : rules_.shares_target(object.schema, object.name);
    return shares ? is_shared_text : nullptr;
}

DefinitionLog::Verdict DefinitionLog::read_drop(const DefinitionRow& row,
                                                const std::vector<Object>& objects) const {
    std::vector<std::string> tables, schemas, indexes, names;
    const std::string kind = kind_of(row.tag);
    Verdict verdict;
    for (const Object& object : objects) {
        const bool is_index = object.type == "index";
        if (is_index ? row.tag != "DROP INDEX" : !object.is_schema() && object.type != "table")
            continue;  // went with its table
        if (const auto why = why_not_dropped(object); why != nullptr) {
            if (*why != '\0' && rules_.applies(kind))
                verdict.notes.push_back(refusal(
                    fmt::format("{} of the source, {}", row.tag, object.display_name()), why));
            continue;
        }
        const auto [schema, table] = rules_.route(object.is_schema() ? object.name : object.schema,
                                                  object.is_schema() ? "" : object.name);
        if (object.is_schema()) {
            schemas.push_back(quote_identifier(schema));
        } else if (is_index) {
            indexes.push_back(quote_table(schema, object.name));
        } else {
            tables.push_back(quote_table(schema, table));
        }
        names.push_back(object.display_name());
    }
    if (names.empty()) return verdict;
    const std::string about = fmt::format("{} of the source, {}", row.tag, joined(names));
    if (!rules_.applies(kind)) return refused(about, not_asked_for(kind));
    auto definition = std::make_shared<Definition>();
    definition->about = about;
    const auto add = [&](std::string_view verb, const std::vector<std::string>& list) {
        if (list.empty()) return;
        if (!definition->sql.empty()) definition->sql += "; ";
        definition->sql += fmt::format("DROP {} IF EXISTS {}", verb, joined(list));
    };
    add("TABLE", tables);
    add("INDEX", indexes);
    add("SCHEMA", schemas);
    verdict.definition = std::move(definition);
    return verdict;
}

DefinitionLog::Verdict DefinitionLog::read_schema(const DefinitionRow& row,
                                                  const std::vector<Object>& objects) const {
    const Object& made = objects.front();
    const std::string about = fmt::format("{} of the source, {}", row.tag, made.display_name());
    if (!rules_.applies("create_schema")) return refused(about, not_asked_for("create_schema"));
    if (objects.size() > 1 || !made.is_schema())
        return refused(about, "it makes tables, too: make both there by hand");
    const auto [schema, table] = rules_.route(made.name, "");
    auto definition = std::make_shared<Definition>();
    definition->about = about;
    definition->sql = "CREATE SCHEMA IF NOT EXISTS " + quote_identifier(schema);
    return {std::move(definition), {}};
}

DefinitionLog::Verdict DefinitionLog::read_statement(const DefinitionRow& row,
                                                     const std::vector<Object>& objects,
                                                     std::optional<std::string_view> text) const {
    std::vector<std::string> names;
    std::set<std::string> schemas;
    for (const Object& object : objects) {
        names.push_back(object.display_name());
        schemas.insert(object.schema);
    }
    std::string about = fmt::format("{} of source table {}", row.tag, joined(names));
    constexpr std::string_view kinds[] = {"create_table", "alter_table", "create_index"};
    std::string kind = kind_of(row.tag);
    if (std::find(std::begin(kinds), std::end(kinds), kind) == std::end(kinds))
        return refused(about, "statements of its kind are not; do it there by hand");

    const auto settings = parse(row.settings, "settings");
    const bool has_old_strings = settings.IsObject() &&
                                 text_of(settings, "standard_conforming_strings") == "off" &&
                                 (row.query.find('\\') != std::string_view::npos ||
                                  (text && text->find('\\') != std::string_view::npos));
    if (!text || has_old_strings) {
        if (!rules_.applies(kind)) return refused(about, not_asked_for(kind));
        return refused(about,
                       "its text can not be told for certain from what the client sent; do it "
                       "there by hand");
    }
    const std::string sql = statement_text::without_concurrently(*text);
    about += fmt::format(" ({})", std::string_view(sql).substr(0, most_quoted));

    std::set<std::pair<std::string, std::string>> subjects;  // every name that it has a say about
    for (const Object& object : objects) {
        subjects.emplace(object.schema, object.name);
        if (!object.root.empty()) subjects.emplace(object.root_schema, object.root);
    }
    if (const auto old = statement_text::old_name(sql); old && kind == "alter_table") {
        kind = "rename_table";
        if (old->moves_schema && !old->schema)
            return refused(about, "from which schema is not written in it; do it there by hand");
        const std::string schema = old->schema.value_or(objects.front().schema);
        if (!rules_.selects(schema, old->table) || !is_selected(objects.front()))
            return refused(about,
                           "[filter] takes but one of its names; do it there by hand, and "
                           "mind the rows that were there before");
        subjects.emplace(schema, old->table);
    }
    if (!rules_.applies(kind)) return refused(about, not_asked_for(kind));
    if (!std::all_of(objects.begin(), objects.end(),
                     [&](const Object& object) { return is_selected(object); }))
        return refused(about, "[filter] does not take all of its tables");

    const std::string path = settings.IsObject() ? text_of(settings, "search_path") : std::string();
    const bool is_routed = std::any_of(objects.begin(), objects.end(),
                                       [&](const Object& object) {
                                           return rules_.route(object.schema, object.name) !=
                                                  std::pair(object.schema, object.name);
                                       }) ||
                           statement_text::names_any(sql, rules_.is_routed) ||
                           statement_text::names_any(path, rules_.is_routed);
    if (is_routed) return refused(about, is_routed_text);
    const auto is_any = [&](const TableSelector& condition) {
        return std::any_of(subjects.begin(), subjects.end(), [&](const auto& subject) {
            return condition(subject.first, subject.second);
        });
    };
    if (is_any(rules_.shares_target)) return refused(about, is_shared_text);
    if (kind != "create_table" && is_any(rules_.has_column_rules))
        return refused(about,
                       "[filter] ignore_cols or [router] col_map is about its columns; do it "
                       "there by hand");
    if (row.tag == "ALTER TABLE" && statement_text::makes_up_values(sql))
        return refused(about,
                       "the rows that are there would get values of the target's making; do it "
                       "there by hand, and copy the column's values");

    auto definition = std::make_shared<Definition>();
    definition->sql = sql;
    definition->about = about;
    // What is named without a schema is found where the table is.
    std::string target_path = schemas.size() == 1 ? quote_identifier(*schemas.begin()) : "";
    if (!path.empty()) target_path += (target_path.empty() ? "" : ", ") + path;
    definition->settings.emplace_back("search_path", target_path);
    for (const char* name : {"TimeZone", "DateStyle", "IntervalStyle"}) {
        const auto value = settings.IsObject() ? text_of(settings, name) : std::string();
        if (!value.empty()) definition->settings.emplace_back(name, value);
    }
    return {std::move(definition), {}};
}

}  // namespace dts
