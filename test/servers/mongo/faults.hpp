// Faults that tests switch on, by the server's own command configureFailPoint with the fail point
// failCommand (see README.md for its fields and the two that are the stand-in's own).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "test/servers/mongo/value.hpp"

namespace standin {

struct Fault {
    std::optional<int> error_code;
    std::vector<std::string> labels;
    std::int64_t block_milliseconds = 0;
    bool close_connection = false;  ///< instead of running the command
    bool close_unanswered = false;  ///< the command runs, its answer is lost
    bool die_unanswered = false;    ///< the command runs, the process ends
    std::optional<Value> write_concern_error;
};

class Faults {
  public:
    /// Throws Failure for a fail point that is not known.
    void configure(const Value& command);
    /// What is to happen to this command; counts it.
    std::optional<Fault> take(const std::string& command, const std::string& ns);

  private:
    struct Armed {
        std::vector<std::string> commands;
        std::string ns;
        std::int64_t skip = 0;
        std::int64_t times = 0;  ///< below 0: without end
        Fault fault;
    };
    std::vector<Armed> armed_;
};

}  // namespace standin
