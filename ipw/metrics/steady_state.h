#pragma once
// Whether a load settled, and from when on: figures of a run that never did describe its length,
// not the system.

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace ipw::metrics {

struct SteadyState {
  std::optional<std::size_t> from;  // the first value of the steady stretch; absent: there is none
  std::string reason;               // why there is none
};

/// Looks for a steady stretch at the end of `values` (latencies in the order of their schedule).
/// 1. Means of 5 neighbours; of all beginnings that leave at least half of them, the one is cut off
///    that gives the mean of the rest the smallest standard error (MSER-5: White 1997; White, Cobb
///    & Spratt 2000). Where that is the longest allowed, the run was too short to settle.
/// 2. The rest in 20 batches: where a line through their means (Student's t, 95 %) rises or falls
/// by
///    more than a tenth of the mean from end to end, latencies drift, as they do above saturation,
///    and there is no steady state.
/// Values that are not finite are passed over. Fewer than 100 are too few to tell.
[[nodiscard]] SteadyState steady_state(std::span<const float> values);

}  // namespace ipw::metrics
