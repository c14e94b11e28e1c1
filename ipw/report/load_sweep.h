#pragma once
// A sweep: runs that differ in their load alone, as a table with its knee.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ipw/core/result.h"
#include "ipw/metrics/knee.h"
#include "ipw/report/run_report.h"

namespace ipw::report {

struct LoadSweep {
  bool of_rate = false;               // else of a concurrency
  std::vector<std::size_t> runs;      // indices of the reports, by ascending load
  std::vector<double> loads;          // of each of them: requests per second, or requests in flight
  std::optional<metrics::Knee> knee;  // its points number `runs`
  std::string knee_reason;            // why there is none
};

/// Requests per second, or requests in flight, as the manifest asks for them.
[[nodiscard]] double load_of(const store::Manifest& manifest, bool of_rate);

/// kUsage where the runs are no sweep: fewer than two, other models or questions, no rate or
/// concurrency that differs, or two with the same.
[[nodiscard]] core::Result<LoadSweep> load_sweep(const std::vector<RunReport>& reports);

/// "the knee is at 4 requests/s: most answers per second of waiting (…)"
[[nodiscard]] std::string knee_text(const LoadSweep& sweep);

/// For a terminal of 100 columns.
[[nodiscard]] std::string sweep_text(const std::vector<RunReport>& reports, const LoadSweep& sweep);

/// Axis, points with their power, and the knee.
[[nodiscard]] nlohmann::ordered_json sweep_json(const std::vector<RunReport>& reports,
                                                const LoadSweep& sweep);

}  // namespace ipw::report
