#include "lib/config/key_table.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "lib/config/key_value.hpp"
#include "test/unit/config/minimal_ini.hpp"

using namespace dts;
using Catch::Contains;

namespace {

std::string setting(const Key& key, std::string_view value) {
    std::string name(key.name);
    if (key.is_pattern()) name.back() = 'x';
    return fmt::format("[{}]\n{} = {}\n", key.section, name, value);
}

std::string label(const Key& key) {
    return fmt::format("[{}] {}", key.section, key.name);
}

}  // namespace

TEST_CASE("key table: every key stands in a declared section, once, and is explained") {
    for (const Key& key : key_table()) {
        INFO(label(key));
        CHECK(is_section(key.section));
        CHECK(find_key(key.section, key.name) == &key);
        CHECK_FALSE(key.help.empty());
    }
}

TEST_CASE("key table: every default is a value the key takes") {
    for (const Key& key : key_table()) {
        if (key.default_value.empty()) continue;
        INFO(label(key));
        CHECK(fault_of(key, key.default_value) == std::nullopt);
        CHECK(means_default(key, key.default_value));
        CHECK(fault_with(setting(key, key.default_value)).empty());
    }
}

TEST_CASE("key table: an empty value means the default, for every key") {
    for (const Key& key : key_table()) {
        if (key.is_required) continue;
        INFO(label(key));
        CHECK((key.name == "url" || fault_with(setting(key, "")).empty()));
    }
}

TEST_CASE("key table: numbers out of range are refused with the range") {
    int checked = 0;
    for (const Key& key : key_table()) {
        if (key.type != KeyType::number) continue;
        INFO(label(key));
        const auto range = "out of range, it may be " + allowed_values(key);
        CHECK_THAT(fault_with(setting(key, fmt::format("-1"))), Contains(range));
        CHECK_THAT(fault_with(setting(key, "99999999999999999999")), Contains(range));
        if (key.max != INT64_MAX) {
            const auto beyond = fmt::format("{}", key.max + 1);
            CHECK_THAT(fault_with(setting(key, beyond)), Contains(range));
        }
        CHECK(fault_of(key, fmt::format("{}", key.min)) == std::nullopt);
        CHECK(fault_of(key, fmt::format("{}", key.max)) == std::nullopt);
        CHECK_THAT(fault_with(setting(key, "1x")), Contains("1x is not a whole number"));
        ++checked;
    }
    CHECK(checked > 20);
}

TEST_CASE("key table: flags and choices name what is allowed") {
    for (const Key& key : key_table()) {
        INFO(label(key));
        if (key.type == KeyType::flag)
            CHECK_THAT(fault_with(setting(key, "maybe")), Contains("neither true nor false"));
        if (key.type == KeyType::choice)
            CHECK_THAT(fault_with(setting(key, "other")),
                       Contains(fmt::format("may be one of {}", key.choices)));
    }
}

TEST_CASE("key table: choices that are known but not built are refused by name") {
    for (const Key& key : key_table())
        for (const auto value : split_choices(key.unbuilt_choices)) {
            INFO(label(key));
            CHECK(find_choice(key.choices, value));
            CHECK_THAT(fault_with(setting(key, value)),
                       Contains(fmt::format("{}={} is not built yet", key.name, value)));
        }
}

TEST_CASE("key table: what is not built is refused when it is set to something") {
    for (const Key& key : key_table()) {
        if (key.status != KeyStatus::not_built) continue;
        const char* value = key.type == KeyType::number ? "7"
                            : key.type == KeyType::flag ? "true"
                            : key.type == KeyType::json ? "json:[]"
                                                        : "ignore";
        INFO(label(key));
        CHECK_THAT(fault_with(setting(key, value)), Contains("is not built yet in dts"));
    }
}

TEST_CASE("key table: a misspelt neighbour of every key is refused and the key suggested") {
    for (const Key& key : key_table()) {
        if (key.is_pattern() || find_key(key.section, std::string(key.name) + "z")) continue;
        INFO(label(key));
        const auto fault = fault_with(fmt::format("[{}]\n{}z = 1\n", key.section, key.name));
        CHECK_THAT(fault, Contains(fmt::format("[{}] {}z: is not a known setting", key.section,
                                               key.name)));
        CHECK_THAT(fault, Contains(fmt::format("did you mean {}?", label(key))));
    }
}

TEST_CASE("key table: a key in the wrong section is found in its own") {
    CHECK(nearest_key("sinker", "server_id") == "[extractor] server_id");
    CHECK(nearest_key("pipeline", "do_tbs") == "[filter] do_tbs");
}

TEST_CASE("key table: the nearest section is suggested, an empty section is checked too") {
    CHECK_THAT(fault_with("[resume]\n"), Contains("task1.ini:9: [resume] is not a known section") &&
                                             Contains("did you mean [resumer]?"));
}

TEST_CASE("key table: the help is an ini that says what it comments out") {
    const auto help = help_config_text();
    const auto ini = parse_ini(help, "help");
    CHECK(ini.entries.empty());
    CHECK(ini.sections.size() == section_table().size());
    for (const Key& key : key_table()) CHECK_THAT(help, Contains(fmt::format("\n#{} =", key.name)));
    CHECK_THAT(help, Contains("(1 to 1024)"));
}

TEST_CASE("key table: the help with its keys commented in is a configuration of defaults") {
    std::string ini;
    const auto help = help_config_text();
    for (std::size_t begin = 0; begin < help.size();) {
        const auto end = help.find('\n', begin);
        const auto line = help.substr(begin, end - begin);
        const bool is_key = line.starts_with('#') && !line.starts_with("# ");
        if (is_key && line.find('*') > line.find('=')) ini += line.substr(1) + "\n";
        if (line.starts_with('[')) ini += line + "\n";
        begin = end + 1;
    }
    const auto task = parse_ini(minimal_ini, "task1.ini");
    const auto defaults = parse_ini(ini, "dts.conf");
    REQUIRE(defaults.entries.size() > 100);
    const auto config = make_task_config(task, "task1", &defaults);
    CHECK(config.pipeline.buffer_changes == 16000);
}
