#include "test/fault/mongo_ddl_load.hpp"

#include <fmt/format.h>

#include <map>

#include "test/fault/mongo_load.hpp"

namespace dts::test {

namespace {

constexpr int collections = 4;

/// Options and indexes of each.
std::map<std::string, std::string> shapes_of(MongoSite& site) {
    std::map<std::string, std::string> shapes;
    for (const auto& one : site.list(mongo_load_database, R"({"listCollections":1})")) {
        const std::string name(find_element(one, "name")->as_text());
        if (!name.starts_with("ddl")) continue;
        std::string shape(find_element(one, "options")->as_document());
        std::map<std::string, std::string> indexes;
        for (const auto& index :
             site.list(mongo_load_database, fmt::format(R"({{"listIndexes":"{}"}})", name)))
            indexes.emplace(find_element(index, "name")->as_text(), index);
        for (const auto& [index, specification] : indexes) shape += specification;
        shapes.emplace(name, std::move(shape));
    }
    return shapes;
}

}  // namespace

MongoDdlLoad::MongoDdlLoad(const std::string& uri, const Chance& chance, bool unique)
    : uri_(uri),
      chance_(chance, 2),
      unique_(unique),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void MongoDdlLoad::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void MongoDdlLoad::run(const std::stop_token& stop) {
    MongoSite site(uri_);
    while (!stop.stop_requested()) {
        try {
            if (chance_.one_in(6)) {
                change_collection(site);
                ++done_;
            } else {
                change_document(site);
            }
        } catch (const Error&) {
            // There is no such collection, the index refuses it, or the server is away.
        }
    }
}

std::string MongoDdlLoad::any_collection() {
    return fmt::format("ddl{}", chance_.between(0, collections - 1));
}

void MongoDdlLoad::change_collection(MongoSite& site) {
    const auto name = any_collection();
    const auto run = [&](std::string_view command) { site.run(mongo_load_database, command); };
    switch (chance_.between(0, 7)) {
        case 0:
            run(fmt::format(R"({{"create":"{}","validationLevel":"off"}})", name));
            break;
        case 1:
            run(fmt::format(R"({{"drop":"{}"}})", name));
            break;
        case 2:
            site.run("admin", fmt::format(R"({{"renameCollection":"{0}.{1}","to":"{0}.{2}",)"
                                          R"("dropTarget":{3}}})",
                                          mongo_load_database, name, any_collection(),
                                          chance_.one_in(2) ? "true" : "false"));
            break;
        case 3:
        case 4:
            run(fmt::format(
                R"({{"createIndexes":"{}","indexes":[{{"key":{{"n":1}},"name":"n"}}]}})", name));
            break;
        case 5:
            run(fmt::format(R"({{"createIndexes":"{}","indexes":[{{"key":{{"u":1}},"name":"u",)"
                            R"("unique":{}}}]}})",
                            name, unique_));
            break;
        case 6:
            run(fmt::format(R"({{"dropIndexes":"{}","index":"{}"}})", name,
                            chance_.one_in(2) ? "u" : "n"));
            break;
        default:
            run(fmt::format(R"({{"collMod":"{}","validationLevel":"{}"}})", name,
                            chance_.one_in(2) ? "strict" : "moderate"));
    }
}

void MongoDdlLoad::change_document(MongoSite& site) {
    const auto name = any_collection();
    const int id = chance_.between(0, 30);
    if (chance_.one_in(5)) {
        site.run(mongo_load_database,
                 fmt::format(R"({{"delete":"{}","deletes":[{{"q":{{"_id":{}}},"limit":1}}]}})",
                             name, id));
        return;
    }
    site.run(mongo_load_database,
             fmt::format(R"({{"update":"{}","updates":[{{"q":{{"_id":{}}},"u":{{"$inc":{{"n":1}},)"
                         R"("$set":{{"u":{}}}}},"upsert":true}}]}})",
                         name, id, chance_.between(0, 100)));
}

std::string ddl_differences(MongoSite& source, MongoSite& target) {
    const auto here = shapes_of(source);
    const auto there = shapes_of(target);
    for (const auto& [name, shape] : here) {
        const auto found = there.find(name);
        if (found == there.end()) return "the target lacks " + name;
        if (found->second != shape) return name + " has other options or indexes";
        auto text = differences(source, target, mongo_load_database, name);
        if (!text.empty()) return fmt::format("{}: {}", name, text);
    }
    for (const auto& [name, shape] : there)
        if (!here.contains(name)) return "the target alone has " + name;
    return {};
}

}  // namespace dts::test
