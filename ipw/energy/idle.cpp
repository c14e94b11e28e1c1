// Batch means: see idle.h.

#include "ipw/energy/idle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace ipw::energy {

core::Result<IdlePower> idle_power(const Timeline& timeline, core::Instant from, core::Instant to) {
  constexpr std::size_t kBatches = 16;
  std::array<double, kBatches> joules{};
  std::array<double, kBatches> seconds{};
  std::int64_t updates = 0;
  const double span = core::Seconds(to - from).count();
  const double batch_seconds = std::max(span, 1e-9) / kBatches;
  timeline.visit(from, to, [&](const Interval& interval) {
    if (!interval.known) return;
    const double power = to_joules(interval.energy).count() / interval.length().count();
    const double start = std::max(0.0, core::Seconds(interval.from - from).count());
    const double end = std::min(span, core::Seconds(interval.to - from).count());
    const auto first = static_cast<std::size_t>(start / batch_seconds);
    for (std::size_t batch = first; batch < kBatches; ++batch) {
      const double begins = static_cast<double>(batch) * batch_seconds;
      if (begins >= end) break;
      const double part = std::min(end, begins + batch_seconds) - std::max(start, begins);
      if (part <= 0.0) continue;
      joules[batch] += power * part;
      seconds[batch] += part;
    }
    ++updates;
  });

  double total_joules = 0.0;
  double total_seconds = 0.0;
  double batches = 0.0;
  for (std::size_t i = 0; i < kBatches; ++i) {
    total_joules += joules[i];
    total_seconds += seconds[i];
    if (seconds[i] > 0.0) batches += 1.0;
  }
  if (batches < 4.0) {
    return core::fail(
        core::ErrorCode::kUnavailable,
        fmt::format("cannot measure the idle power of {}: only {} updates in {:.3g} s "
                    "(wait longer)",
                    timeline.sensor().id, updates, span));
  }
  const double mean = total_joules / total_seconds;
  double squares = 0.0;
  for (std::size_t i = 0; i < kBatches; ++i) {
    if (seconds[i] > 0.0) squares += std::pow(joules[i] / seconds[i] - mean, 2);
  }
  const double standard_error = std::sqrt(squares / (batches - 1.0) / batches);
  return IdlePower{core::Watts(mean), core::Watts(standard_error), updates};
}

}  // namespace ipw::energy
