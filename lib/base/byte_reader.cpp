#include "lib/base/byte_reader.hpp"

#include <fmt/format.h>

#include "lib/base/error.hpp"

namespace dts {

void ByteReader::fail(std::size_t wanted) const {
    throw Error(ErrorKind::data,
                fmt::format("{} bytes wanted where {} are left", wanted, remaining()));
}

}  // namespace dts
