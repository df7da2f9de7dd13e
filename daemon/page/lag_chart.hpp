// The lag of one task over the last hour as an inline SVG, drawn without script or outside
// resources. Gaps stay gaps: where nothing was known, no line is drawn.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "daemon/supervisor/task_view.hpp"

namespace dts {

struct LagChart {
    std::string svg;
    double peak_seconds = -1;  ///< over the hour; -1: nothing was known
};

/// `wide`: with axes, for a page of its own; else a small one for a row.
LagChart lag_chart(const std::deque<LagSample>& history, std::int64_t now_us, bool wide);

}  // namespace dts
