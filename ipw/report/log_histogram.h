#pragma once
// How often a positive quantity fell into which range, on one fixed logarithmic grid: any number of
// records in bounded memory, and the histograms of several runs share their edges.

#include <cstdint>
#include <span>
#include <vector>

namespace ipw::report {

/// Bins per factor of ten: each bin's upper edge is 10 % above its lower one.
inline constexpr int kBinsPerDecade = 24;

struct LogHistogram {
  int first = 0;  // bin i of `counts` spans 10^((first+i)/24) … 10^((first+i+1)/24)
  std::vector<std::int64_t> counts;  // empty: nothing was measured
  std::int64_t n = 0;
};

/// Of the finite values; what lies outside 1 ns … 10^9 s counts in the outermost bin.
[[nodiscard]] LogHistogram log_histogram(std::span<const float> seconds);

}  // namespace ipw::report
