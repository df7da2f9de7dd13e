// Where the stand-in keeps everything: FOLDER/journal, records of [length u32][crc32 u32][BSON], in
// the machine's byte order. A record is written by one write() before its command is answered, so
// what was acknowledged outlives the process (not the machine: nothing is synced). What stands
// behind the last whole record was never acknowledged and is cut off.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "test/servers/mongo/value.hpp"

namespace standin {

class Journal {
  public:
    /// Plays what is there, in order, and opens it for more. Throws std::runtime_error.
    Journal(const std::filesystem::path& file, const std::function<void(const Value&)>& play);
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    /// Ends the process when it cannot: nothing may be acknowledged that is not there.
    void append(const Value& record);

  private:
    int fd_ = -1;
};

}  // namespace standin
