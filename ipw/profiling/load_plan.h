#pragma once
// What users write about loads, read once: arrivals, bounds, points of a sweep; and what a load
// comes to with the questions at hand.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/profiling/load_trace.h"
#include "ipw/store/manifest.h"

namespace ipw::profiling {

/// "0.5s", "500ms", "2m", "1h" or "0.5" (seconds), above 0. kUsage, naming `what`.
[[nodiscard]] core::Result<core::Seconds> parse_span(std::string_view text, std::string_view what);

/// "constant", "poisson", "gamma" or "gamma:SHAPE" into `load`. kUsage.
[[nodiscard]] core::Result<void> parse_arrivals(std::string_view text, store::ManifestLoad& load);

/// "ttft=0.5s,e2e=2s,tpot=50ms": each at most once. kUsage.
[[nodiscard]] core::Result<std::map<std::string, double>> parse_goodput(std::string_view text);

/// "concurrency=1,2,4" or "rate=0.5,1,2": two points or more, ascending.
struct Sweep {
  bool of_rate = false;
  std::vector<double> points;

  /// "rate" or "concurrency".
  [[nodiscard]] const char* axis() const { return of_rate ? "rate" : "concurrency"; }
};
/// kUsage.
[[nodiscard]] core::Result<Sweep> parse_sweep(std::string_view text);

/// Settles in `plan`, which has its seeds and `selected` questions, how many requests the load
/// holds and how often each question is asked for that: as given where `repeat_given`, else as
/// often as it takes. kUsage where nothing is due.
[[nodiscard]] core::Result<void> settle_load(store::Manifest& plan, const LoadTrace* trace,
                                             bool repeat_given);

}  // namespace ipw::profiling
