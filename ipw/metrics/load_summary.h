#pragma once
// What a load came to, beside the figures of its requests: what was offered and what came back, how
// much was in flight, and whether it settled.

#include <cstdint>
#include <optional>

#include "ipw/metrics/sample.h"
#include "ipw/metrics/steady_state.h"

namespace ipw::metrics {

struct LoadSummary {
  std::int64_t requests = 0;
  double span_s = 0.0;            // from the first intended time to the last end
  std::optional<double> offered;  // requests per second of schedule; absent for fewer than two
  double completed = 0.0;         // requests that have a verdict, per second of the span
  double in_flight_mean = 0.0;    // between sending and end, over the span
  std::int64_t in_flight_most = 0;
  std::optional<double>
      steady_from_s;   // seconds after the first intended time; absent: see `steady`
  SteadyState steady;  // `from` in the order of intended times
};

/// Of a sample with records, latencies and ends; absent where there are none.
[[nodiscard]] std::optional<LoadSummary> summarize_load(const Sample& sample);

}  // namespace ipw::metrics
