#include "lib/base/error.hpp"

#include <utility>

namespace dts {

std::string_view name_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::transient:
            return "transient";
        case ErrorKind::unreachable:
            return "unreachable";
        case ErrorKind::config:
            return "config";
        case ErrorKind::data:
            return "data";
        case ErrorKind::gap:
            return "gap";
        case ErrorKind::checkpoint:
            return "checkpoint";
        case ErrorKind::log_directory:
            return "log directory";
        case ErrorKind::durability:
            return "durability";
        case ErrorKind::permission:
            return "permission";
        case ErrorKind::bug:
            return "internal";
    }
    return "internal";
}

int exit_code_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::checkpoint:
            return 65;
        case ErrorKind::gap:
            return 66;
        case ErrorKind::transient:
            return 69;
        case ErrorKind::unreachable:
            return 69;
        case ErrorKind::bug:
            return 70;
        case ErrorKind::log_directory:
            return 73;
        case ErrorKind::durability:
            return 74;
        case ErrorKind::data:
            return 76;
        case ErrorKind::permission:
            return 77;
        case ErrorKind::config:
            return 78;
    }
    return 70;
}

Error::Error(ErrorKind kind, std::string text, std::string hint, std::source_location where)
    : kind_(kind),
      text_(std::move(text)),
      hint_(std::move(hint)),
      where_(where),
      message_(hint_.empty() ? text_ : text_ + ", HINT: " + hint_) {}

Error Error::in(std::string_view context) const {
    return {kind_, std::string(context) + ": " + text_, hint_, where_};
}

Error Error::as(ErrorKind kind) const {
    return {kind, text_, hint_, where_};
}

}  // namespace dts
