// What dts-worker --explain says: from where the task would start, and why. Touches nothing.
#pragma once

#include <string>

#include "lib/config/task_config.hpp"
#include "lib/task/resume.hpp"

namespace dts {

struct Explanation {
    ResumeDecision decision;

    /// One fact a line; no position where the source does not hold it.
    std::string text() const;
    /// The same as one JSON object.
    std::string json() const;
};

/// Throws what the run would end with, but for a position that the source does not hold: see
/// decision.holding.
Explanation explain(const TaskConfig& config);

}  // namespace dts
