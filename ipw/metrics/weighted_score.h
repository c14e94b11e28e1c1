#pragma once
// Scores of domains weighted by what the work behind them is worth.

#include <cstdint>
#include <span>
#include <vector>

#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/interval.h"

namespace ipw::metrics {

/// share[g][d]: how much of domain d speaks for group g. The score of a group is the mean over its
/// domains weighted by questions × share; the weighted score is Σ_g w_g score_g / Σ_g w_g over the
/// groups that any domain speaks for. Returned as one weight per domain, adding up to 1; all zero
/// where no group is reached. `questions` > 0 for domains that count.
[[nodiscard]] std::vector<double> domain_weights(std::span<const double> group_weights,
                                                 const std::vector<std::vector<double>>& share,
                                                 std::span<const double> questions);

/// One answer: its domain, score in [0, 1], and cost (watts or joules).
struct WeightedSample {
  std::size_t domains = 0;
  std::vector<std::uint16_t> domain;
  std::vector<float> score;
  std::vector<float> cost;
};

struct WeightedRate {
  double value = 0.0;  // NaN where a weighted domain has no answer
  Limits limits;
};

/// Σ_d c_d mean score_d / Σ_d c_d mean cost_d. Limits by student_limits() of its logarithm; where a
/// weighted domain has few right or wrong answers MOVER of the weighted Wilson limits and the
/// cost's.
[[nodiscard]] WeightedRate weighted_rate(const WeightedSample& sample,
                                         std::span<const double> domain_weights,
                                         const BootstrapOptions& options);

}  // namespace ipw::metrics
