// A strict reader of Prometheus' text format 0.0.4: throws where a scraper would fail, and where
// Prometheus' naming rules are broken.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dts::test {

struct MetricSample {
    std::string name;
    std::map<std::string, std::string> labels;
    double value = 0;
};

struct MetricFamily {
    std::string help;
    std::string type;
    std::vector<MetricSample> samples;
};

using Metrics = std::map<std::string, MetricFamily>;

/// Throws std::runtime_error with the line and what is wrong with it.
Metrics read_metrics(std::string_view text);

}  // namespace dts::test
