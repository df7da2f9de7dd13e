#include "lib/task/endpoints.hpp"

namespace dts {

namespace {

/// What all of them have: who connects, how it is kept secret, and for how long it is tried.
template <typename Endpoint>
Endpoint endpoint_of(const EndpointConfig& config) {
    Endpoint endpoint;
    endpoint.username = config.username;
    endpoint.password = config.password;
    endpoint.ssl_mode = config.ssl_mode;
    endpoint.ssl_ca_path = config.ssl_ca_path;
    endpoint.connect_timeout_secs = static_cast<unsigned>(config.connection_timeout.count());
    return endpoint;
}

}  // namespace

MysqlEndpoint mysql_endpoint(const EndpointConfig& config) {
    auto endpoint = endpoint_of<MysqlEndpoint>(config);
    endpoint.host = config.host;
    endpoint.port = config.port;
    return endpoint;
}

PostgresEndpoint postgres_endpoint(const EndpointConfig& config, const std::string& client_name) {
    auto endpoint = endpoint_of<PostgresEndpoint>(config);
    endpoint.host = config.host;
    endpoint.port = config.port;
    endpoint.database = config.database;
    endpoint.client_name = client_name;
    endpoint.settings = config.session_settings;
    return endpoint;
}

MongoEndpoint mongo_endpoint(const EndpointConfig& config, const std::string& client_name,
                             bool direct) {
    auto endpoint = endpoint_of<MongoEndpoint>(config);
    endpoint.uri = config.driver_url;
    endpoint.client_name = client_name;
    endpoint.direct = direct;
    return endpoint;
}

}  // namespace dts
