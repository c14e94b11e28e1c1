// See knee.h.
#include "ipw/metrics/knee.h"

namespace ipw::metrics {

std::optional<Knee> find_knee(std::span<const LoadPoint> points) {
  if (points.size() < 2) return std::nullopt;
  Knee knee;
  for (const LoadPoint& point : points) {
    const double power = point.throughput.value / point.latency.value;
    const Limits limits = mover_ratio(point.throughput, point.latency);
    knee.power.push_back({power, limits.low.value_or(power), limits.high.value_or(power)});
    if (power > knee.power[knee.point].value) knee.point = knee.power.size() - 1;
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i != knee.point && knee.power[i].high >= knee.power[knee.point].low) {
      knee.peers.push_back(i);
    }
  }
  knee.at_lowest = knee.point == 0;
  knee.at_highest = knee.point + 1 == points.size();
  return knee;
}

}  // namespace ipw::metrics
