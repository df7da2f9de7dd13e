// May the sender of a bus call act on tasks? Asked of the bus (who is it) and of polkit (may they),
// without waiting for either.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "daemon/bus/bus.hpp"

namespace dts {

class BusAuthority {
  public:
    struct Options {
        std::string operators = "dts";  ///< the group whose members may
        bool trust_own_uid = true;      ///< root and this process's account may
    };
    BusAuthority(Bus& bus, Options options);

    /// Nothing when they may, else the error that the call is to be answered with. An agent may ask
    /// the user when the call says that it may take that long.
    using OnVerdict = std::function<void(std::optional<BusError>)>;
    void ask(sd_bus_message* call, const std::string& task, OnVerdict on_verdict);

  private:
    void ask_polkit(const std::string& sender, bool may_interact, const std::string& task,
                    OnVerdict on_verdict);

    Bus& bus_;
    const Options options_;
};

}  // namespace dts
