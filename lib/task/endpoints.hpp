// The servers that a task's settings name, as their clients want them.
#pragma once

#include <string>

#include "lib/client/mongo_client.hpp"
#include "lib/client/mysql_client.hpp"
#include "lib/client/postgres_client.hpp"
#include "lib/config/endpoint.hpp"

namespace dts {

MysqlEndpoint mysql_endpoint(const EndpointConfig& config);
/// `client_name`: what the server calls the connection in its lists.
PostgresEndpoint postgres_endpoint(const EndpointConfig& config, const std::string& client_name);
/// `direct`: of a replica set, this member alone.
MongoEndpoint mongo_endpoint(const EndpointConfig& config, const std::string& client_name,
                             bool direct);

}  // namespace dts
