#pragma once
// A load in sentences, the same for terminal and page.

#include <string>
#include <vector>

#include "ipw/report/run_report.h"

namespace ipw::report {

/// "poisson arrivals, 5 requests/s for 20 s", "closed loop, 4 in flight".
[[nodiscard]] std::string load_name(const store::Manifest& manifest);

/// What was offered, what came back, how punctual the generator was and whether latencies settled:
/// one clause each. Nothing for a closed loop of one, which is no load.
[[nodiscard]] std::vector<std::string> load_lines(const RunReport& report);

}  // namespace ipw::report
