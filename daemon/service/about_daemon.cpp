#include "daemon/service/about_daemon.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "lib/base/error.hpp"
#include "lib/base/utf8.hpp"

namespace dts {

std::string to_json(const AboutDaemon& about) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    const auto put = [&json](const char* key, const std::string& text) {
        json.Key(key);
        json.String(valid_utf8(text));
    };
    json.StartObject();
    put("version", about.version);
    put("backend", about.backend);
    put("tasks", about.places.tasks_folder.string());
    put("config", about.places.defaults.value_or("").string());
    put("log_dir", about.places.log_root.string());
    put("run_dir", about.places.run_folder.string());
    put("worker", about.places.worker.string());
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

AboutDaemon about_daemon_of(std::string_view json) {
    rapidjson::Document object;
    object.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (object.HasParseError() || !object.IsObject()) {
        throw Error(ErrorKind::bug, "what the daemon says of itself is no JSON object");
    }
    const auto text = [&object](const char* key) {
        const auto found = object.FindMember(key);
        const bool is_text = found != object.MemberEnd() && found->value.IsString();
        return is_text ? std::string(found->value.GetString(), found->value.GetStringLength())
                       : std::string();
    };
    AboutDaemon about;
    about.version = text("version");
    about.backend = text("backend");
    about.places.tasks_folder = text("tasks");
    if (const std::string defaults = text("config"); !defaults.empty()) {
        about.places.defaults = defaults;
    } else {
        about.places.defaults.reset();
    }
    about.places.log_root = text("log_dir");
    about.places.run_folder = text("run_dir");
    about.places.worker = text("worker");
    return about;
}

}  // namespace dts
