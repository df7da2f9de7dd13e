// What a preflight finds missing at a source.
#pragma once

#include <string>

#include "lib/base/error.hpp"

namespace dts {

/// What is missing, collected so that the operator reads it once.
class Findings {
  public:
    void add(ErrorKind kind, std::string text, std::string hint) {
        only_permissions_ = only_permissions_ && kind == ErrorKind::permission;
        append(texts_, std::move(text));
        append(hints_, std::move(hint));
    }

    void throw_if_any() const {
        if (texts_.empty()) return;
        throw Error(only_permissions_ ? ErrorKind::permission : ErrorKind::config,
                    "the source can not be followed: " + texts_, hints_);
    }

  private:
    static void append(std::string& list, std::string item) {
        if (!list.empty()) list += "; ";
        list += item;
    }

    std::string texts_;
    std::string hints_;
    bool only_permissions_ = true;
};

}  // namespace dts
