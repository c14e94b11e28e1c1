#pragma once
// The knee of a sweep: the load beyond which a system gives more waiting than answers.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/metrics/interval.h"

namespace ipw::metrics {

/// One point of a sweep.
struct LoadPoint {
  double load = 0.0;    // what was offered: a rate or a concurrency
  Estimate throughput;  // answers per second, > 0
  Estimate latency;     // mean seconds from the schedule, > 0
};

struct Knee {
  std::size_t point = 0;           // index of the knee
  std::vector<Estimate> power;     // of every point, with its limits
  std::vector<std::size_t> peers;  // other points whose power may as well be the greatest
  bool at_lowest = false;          // the knee may lie below what was tried …
  bool at_highest = false;         // … or above
};

/// The point of greatest power = throughput / latency (Kleinrock 1979, "Power and deterministic
/// rules of thumb"): at it one more per cent of load costs one per cent of latency. An M/M/1 queue
/// has it at half its capacity, a closed loop over one resource where the queue begins. Limits of
/// the power by MOVER from those of both, taken as independent. `points` ascend in load; absent for
/// fewer than two.
[[nodiscard]] std::optional<Knee> find_knee(std::span<const LoadPoint> points);

}  // namespace ipw::metrics
