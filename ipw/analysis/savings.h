#pragma once
// How much routing saves: the paper's replay on real outcomes, and on published figures. The
// analysis behind `ipw savings`. docs/metrics.md, Savings.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ipw/analysis/findings.h"
#include "ipw/analysis/outcomes.h"
#include "ipw/analysis/replay.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

struct SavingsOptions {
  std::vector<std::size_t> locals;  // indices into Outcomes::models
  std::size_t reference = 0;        // where everything goes without a router
  std::string by;                   // resource that the oracle minimises; empty: the first there is
  Suffices suffices = Suffices::kAdequate;
  double adequate = 1.0;
  std::vector<double> accuracies = {.9, .8, .7, .6};  // of imperfect routers, each in (0, 1)
  ReplayOptions replay;
};

/// Oracle and imperfect routers against all-reference, each model alone, and the best single model
/// that is no worse. kUsage where an option makes no sense, kInvalidData where no resource has
/// costs.
[[nodiscard]] core::Result<Findings> savings(const Outcomes& outcomes,
                                             const SavingsOptions& options);

/// A published table with columns router_accuracy (1 for the oracle) and NAME_saved_pct: every row
/// beside accuracy × oracle row, differences beyond rounding said, and, where the share of
/// questions served locally is given, the ratio of local to cloud cost that the oracle row implies,
/// 1 - saved / share.
[[nodiscard]] core::Result<Findings> published_savings(const std::filesystem::path& table,
                                                       std::optional<double> local_share);

}  // namespace ipw::analysis
