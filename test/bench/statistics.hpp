// Medians and quantiles of a few measured numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace dts::bench {

/// The value that a share of all (0 to 1) does not exceed; 0 for none.
inline double quantile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const double rank = std::ceil(share * static_cast<double>(values.size())) - 1;
    return values[static_cast<std::size_t>(std::max(rank, 0.0))];
}

inline double median(std::vector<double> values) {
    const double low = quantile(values, 0.5);
    if (values.size() % 2 == 1) return low;
    for (double& value : values) value = -value;
    return (low - quantile(values, 0.5)) / 2;
}

/// The medians of a member over all runs.
template <typename Run>
double median_of(const std::vector<Run>& runs, double Run::*member) {
    std::vector<double> values;
    for (const Run& run : runs) values.push_back(run.*member);
    return median(values);
}

/// The median of one/other, run by run: what both suffered in a round cancels out.
template <typename Run>
double median_ratio(const std::vector<Run>& one, const std::vector<Run>& other,
                    double Run::*member) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < one.size(); ++i)
        ratios.push_back(one[i].*member / other[i].*member);
    return median(ratios);
}

}  // namespace dts::bench
