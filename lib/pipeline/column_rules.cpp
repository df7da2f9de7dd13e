#include "lib/pipeline/column_rules.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>

#include "lib/base/error.hpp"

namespace dts {
namespace {

constexpr std::string_view prefix = "json:";

Error fault(std::string_view key, std::string_view what, std::string hint = {}) {
    return {ErrorKind::config, fmt::format("{}: {}", key, what), std::move(hint)};
}

std::string_view view(const rapidjson::Value& text) {
    return {text.GetString(), text.GetStringLength()};
}

rapidjson::Document parse(std::string_view text, std::string_view key) {
    if (!text.starts_with(prefix)) throw fault(key, "the value must begin with json:");
    text.remove_prefix(prefix.size());
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
    if (document.HasParseError())
        throw fault(key, fmt::format("the JSON can not be read at character {}: {}",
                                     document.GetErrorOffset() + 1,
                                     rapidjson::GetParseError_En(document.GetParseError())));
    if (!document.IsArray()) throw fault(key, "the JSON is not an array: json:[{...}]");
    return document;
}

// The text of a rule's member, which must be there and name something.
std::string name_of(const rapidjson::Value& rule, const char* member, std::string_view key) {
    const auto found = rule.FindMember(member);
    if (found == rule.MemberEnd() || !found->value.IsString() ||
        found->value.GetStringLength() == 0)
        throw fault(key, fmt::format("every rule needs a \"{}\" with a name", member));
    return std::string(view(found->value));
}

// A wildcard would look as if it worked: a table of such a name goes in backquotes.
std::string literal_name_of(const rapidjson::Value& rule, const char* member,
                            std::string_view key) {
    auto name = name_of(rule, member, key);
    if (name.size() > 2 && name.front() == name.back() &&
        (name.front() == '`' || name.front() == '"'))
        return name.substr(1, name.size() - 2);
    if (name.find_first_of("*?") != std::string::npos)
        throw fault(key, fmt::format("\"{}\": wildcards do not work here", name),
                    "name each table; a name with * or ? in it goes in backquotes");
    return name;
}

template <typename Rule>
Rule read_table(const rapidjson::Value& rule, const char* member, std::string_view key) {
    if (!rule.IsObject()) throw fault(key, "every rule is an object: json:[{...}]");
    for (const auto& [name, value] : rule.GetObject())
        if (view(name) != "db" && view(name) != "tb" && view(name) != member)
            throw fault(key, fmt::format("\"{}\" is not known, a rule has db, tb and {}",
                                         view(name), member));
    Rule result;
    result.schema = literal_name_of(rule, "db", key);
    result.table = literal_name_of(rule, "tb", key);
    if (!rule.HasMember(member))
        throw fault(key, fmt::format("the rule of {}.{} has no \"{}\"", result.schema, result.table,
                                     member));
    return result;
}

void read_columns(const rapidjson::Value& columns, ColumnList& rule, std::string_view key) {
    if (!columns.IsArray())
        throw fault(key, fmt::format("the columns of {}.{} are not an array of names", rule.schema,
                                     rule.table));
    for (const auto& column : columns.GetArray()) {
        if (!column.IsString())
            throw fault(key,
                        fmt::format("a column of {}.{} is not a name", rule.schema, rule.table));
        rule.columns.emplace_back(view(column));
    }
}

void read_columns(const rapidjson::Value& columns, ColumnMap& rule, std::string_view key) {
    if (!columns.IsObject())
        throw fault(key, fmt::format("the columns of {}.{} are not an object of names", rule.schema,
                                     rule.table));
    for (const auto& [source, target] : columns.GetObject()) {
        if (!target.IsString() || target.GetStringLength() == 0)
            throw fault(key, fmt::format("the column {} of {}.{} is mapped to what is not a name",
                                         view(source), rule.schema, rule.table));
        const bool taken = std::ranges::any_of(rule.columns, [&](const auto& column) {
            return column.first == view(source) || column.second == view(target);
        });
        if (taken)
            throw fault(key, fmt::format("{}.{}: the column {} or its target {} comes twice",
                                         rule.schema, rule.table, view(source), view(target)));
        rule.columns.emplace_back(view(source), view(target));
    }
}

template <typename Rule>
std::vector<Rule> parse_rules(std::string_view text, const char* member, std::string_view key) {
    std::vector<Rule> rules;
    if (text.empty()) return rules;
    const auto document = parse(text, key);
    for (const auto& entry : document.GetArray()) {
        auto rule = read_table<Rule>(entry, member, key);
        read_columns(entry[member], rule, key);
        const bool known = std::ranges::any_of(rules, [&](const Rule& other) {
            return other.schema == rule.schema && other.table == rule.table;
        });
        if (known) throw fault(key, fmt::format("{}.{} has two rules", rule.schema, rule.table));
        rules.push_back(std::move(rule));
    }
    return rules;
}

}  // namespace

std::vector<ColumnList> parse_column_lists(std::string_view text, const char* member,
                                           std::string_view key) {
    return parse_rules<ColumnList>(text, member, key);
}

std::vector<ColumnMap> parse_column_maps(std::string_view text, const char* member,
                                         std::string_view key) {
    return parse_rules<ColumnMap>(text, member, key);
}

}  // namespace dts
