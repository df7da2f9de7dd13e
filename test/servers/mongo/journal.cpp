#include "test/servers/mongo/journal.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>
#include <zlib.h>

namespace standin {

namespace {

constexpr std::size_t header_size = 8;

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::string whole_file(int fd) {
    std::string bytes;
    char part[1 << 16];
    for (ssize_t count = 0; (count = read(fd, part, sizeof part)) > 0;) {
        bytes.append(part, static_cast<std::size_t>(count));
    }
    return bytes;
}

}  // namespace

Journal::Journal(const std::filesystem::path& file, const std::function<void(const Value&)>& play) {
    fd_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) throw std::runtime_error("cannot open " + file.string());
    const std::string bytes = whole_file(fd_);
    std::size_t at = 0;
    while (bytes.size() - at >= header_size) {
        std::uint32_t length = 0, sum = 0;
        std::memcpy(&length, bytes.data() + at, 4);
        std::memcpy(&sum, bytes.data() + at + 4, 4);
        if (bytes.size() - at - header_size < length) break;
        const auto record = std::string_view(bytes).substr(at + header_size, length);
        if (checksum(record) != sum) break;
        play(Value::document(std::string(record)));
        at += header_size + length;
    }
    if (ftruncate(fd_, static_cast<off_t>(at)) != 0) {
        throw std::runtime_error("cannot cut " + file.string());
    }
    lseek(fd_, 0, SEEK_END);
}

Journal::~Journal() {
    close(fd_);
}

void Journal::append(const Value& record) {
    const std::string& payload = record.bytes();
    const auto length = static_cast<std::uint32_t>(payload.size());
    const auto sum = checksum(payload);
    std::string bytes(header_size, '\0');
    std::memcpy(bytes.data(), &length, 4);
    std::memcpy(bytes.data() + 4, &sum, 4);
    bytes += payload;
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = write(fd_, bytes.data() + done, bytes.size() - done);
        if (count < 0) {
            std::perror("mongo-standin: cannot write the journal");
            std::_Exit(74);
        }
        done += static_cast<std::size_t>(count);
    }
}

}  // namespace standin
