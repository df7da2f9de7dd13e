// The names of the types in a stream of pgoutput, which gives numbers: those of the server's own
// types never change (src/include/catalog/pg_type.dat), the others are told before they are used.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace dts {

class PostgresTypeNames {
  public:
    /// What the stream says of a type that is none of the server's own.
    void add(std::uint32_t id, std::string_view schema, std::string_view name);

    /// As Column::base_type has it ("int4", "_text", "public.hstore"); "type 123" when it is not
    /// known.
    std::string name_of(std::uint32_t id) const;

  private:
    std::map<std::uint32_t, std::string> added_;
};

}  // namespace dts
