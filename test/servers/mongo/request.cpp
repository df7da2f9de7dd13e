#include "test/servers/mongo/request.hpp"

namespace standin {

std::vector<Value> Request::documents(std::string_view name) const {
    const auto beside = sequences.find(name);
    if (beside != sequences.end()) return beside->second;
    const Value* inside = body.find(name);
    return inside ? inside->elements() : std::vector<Value>();
}

std::string Request::session_id() const {
    const Value* lsid = body.find("lsid");
    const Value* id = lsid ? lsid->find("id") : nullptr;
    return id ? id->bytes() : std::string();
}

}  // namespace standin
