// See log_histogram.h.
#include "ipw/report/log_histogram.h"

#include <algorithm>
#include <cmath>

namespace ipw::report {
namespace {

constexpr int kLowest = -9 * kBinsPerDecade;
constexpr int kHighest = 9 * kBinsPerDecade;

int bin_of(float value) {
  if (!(value > 0.0F)) return kLowest;
  const double bin = std::floor(std::log10(static_cast<double>(value)) * kBinsPerDecade);
  return static_cast<int>(std::clamp<double>(bin, kLowest, kHighest));
}

}  // namespace

LogHistogram log_histogram(std::span<const float> seconds) {
  std::vector<std::int64_t> all(kHighest - kLowest + 1, 0);
  LogHistogram histogram;
  int low = kHighest;
  int high = kLowest;
  for (const float value : seconds) {
    if (!std::isfinite(value)) continue;
    const int bin = bin_of(value);
    ++all[static_cast<std::size_t>(bin - kLowest)];
    low = std::min(low, bin);
    high = std::max(high, bin);
    ++histogram.n;
  }
  if (histogram.n == 0) return histogram;
  histogram.first = low;
  histogram.counts.assign(all.begin() + (low - kLowest), all.begin() + (high - kLowest) + 1);
  return histogram;
}

}  // namespace ipw::report
