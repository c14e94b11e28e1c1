#pragma once
// Runs of the same thing among the runs of a report: how much one differs from the next.

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ipw/metrics/run_to_run.h"
#include "ipw/report/run_report.h"

namespace ipw::report {

struct RunGroup {
  std::vector<std::size_t> runs;  // indices of the reports, two or more
  std::vector<metrics::RunToRun> figures;
};

/// Runs that lie in one folder and asked the same model the same questions in the same way, in the
/// order of the reports. Runs that have no like are in no group.
[[nodiscard]] std::vector<RunGroup> run_groups(const std::vector<RunReport>& reports);

/// The spread as a share of the mean, "1.2 %".
[[nodiscard]] std::string spread_text(const metrics::RunToRun& figure);

/// A table for each group; empty where there is none.
[[nodiscard]] std::string run_groups_text(const std::vector<RunReport>& reports);

[[nodiscard]] nlohmann::ordered_json run_groups_json(const std::vector<RunReport>& reports);

/// The model's name; where several of `reports` are runs of it, with the run's folder.
[[nodiscard]] std::string run_title(const std::vector<RunReport>& reports, std::size_t run);

}  // namespace ipw::report
