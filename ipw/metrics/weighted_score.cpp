#include "ipw/metrics/weighted_score.h"

#include <algorithm>
#include <cmath>

#include "ipw/core/random.h"

namespace ipw::metrics {
namespace {

constexpr std::size_t kFewAnswers = 200;
constexpr std::size_t kMostUnits = 4096;

}  // namespace

std::vector<double> domain_weights(std::span<const double> group_weights,
                                   const std::vector<std::vector<double>>& share,
                                   std::span<const double> questions) {
  std::vector<double> weights(questions.size(), 0.0);
  double reached = 0.0;
  for (std::size_t g = 0; g < group_weights.size(); ++g) {
    double speaking = 0.0;
    for (std::size_t d = 0; d < questions.size(); ++d) speaking += share[g][d] * questions[d];
    if (!(speaking > 0.0)) continue;
    reached += group_weights[g];
    for (std::size_t d = 0; d < questions.size(); ++d) {
      weights[d] += group_weights[g] * share[g][d] * questions[d] / speaking;
    }
  }
  if (reached > 0.0) {
    for (double& weight : weights) weight /= reached;
  }
  return weights;
}

WeightedRate weighted_rate(const WeightedSample& sample, std::span<const double> domain_weights,
                           const BootstrapOptions& options) {
  const std::size_t answers = sample.score.size();
  if (answers == 0) return {std::nan(""), {{}, {}, "", "no answer has a cost"}};
  const auto unit_of =
      units_of_clusters(answers, kMostUnits, core::derive_seed(options.seed, "units"));
  UnitSums sums(std::ranges::max(unit_of) + std::size_t{1}, 3 * sample.domains, 1);
  for (std::size_t i = 0; i < answers; ++i) {
    const std::size_t column = 3 * std::size_t{sample.domain[i]};
    sums.add(unit_of[i], 0, column, sample.score[i]);
    sums.add(unit_of[i], 0, column + 1, sample.cost[i]);
    sums.add(unit_of[i], 0, column + 2, 1.0);
  }
  const Statistic rate = [&](std::span<const double> totals) {
    double score = 0.0;
    double cost = 0.0;
    for (std::size_t d = 0; d < sample.domains; ++d) {
      if (domain_weights[d] == 0.0) continue;
      score += domain_weights[d] * totals[3 * d] / totals[3 * d + 2];
      cost += domain_weights[d] * totals[3 * d + 1] / totals[3 * d + 2];
    }
    return cost > 0.0 ? score / cost : std::nan("");
  };
  WeightedRate result{.value = rate(sums.totals()), .limits = {}};
  result.limits = answers < kFewAnswers ? log_student_limits(sums, rate)
                                        : bootstrap(sums, std::span(&rate, 1), options).front();
  return result;
}

}  // namespace ipw::metrics
