#include "lib/task/endpoints.hpp"

namespace dts {

MysqlEndpoint mysql_endpoint(const EndpointConfig& config) {
    MysqlEndpoint endpoint;
    endpoint.host = config.host;
    endpoint.port = config.port;
    endpoint.username = config.username;
    endpoint.password = config.password;
    endpoint.ssl_mode = config.ssl_mode;
    endpoint.ssl_ca_path = config.ssl_ca_path;
    endpoint.connect_timeout_secs = static_cast<unsigned>(config.connection_timeout.count());
    return endpoint;
}

PostgresEndpoint postgres_endpoint(const EndpointConfig& config, const std::string& client_name) {
    PostgresEndpoint endpoint;
    endpoint.host = config.host;
    endpoint.port = config.port;
    endpoint.username = config.username;
    endpoint.password = config.password;
    endpoint.database = config.database;
    endpoint.ssl_mode = config.ssl_mode;
    endpoint.ssl_ca_path = config.ssl_ca_path;
    endpoint.connect_timeout_secs = static_cast<unsigned>(config.connection_timeout.count());
    endpoint.client_name = client_name;
    endpoint.settings = config.session_settings;
    return endpoint;
}

MongoEndpoint mongo_endpoint(const EndpointConfig& config, const std::string& client_name,
                             bool direct) {
    MongoEndpoint endpoint;
    endpoint.uri = config.driver_url;
    endpoint.username = config.username;
    endpoint.password = config.password;
    endpoint.ssl_mode = config.ssl_mode;
    endpoint.ssl_ca_path = config.ssl_ca_path;
    endpoint.connect_timeout_secs = static_cast<unsigned>(config.connection_timeout.count());
    endpoint.client_name = client_name;
    endpoint.direct = direct;
    return endpoint;
}

}  // namespace dts
