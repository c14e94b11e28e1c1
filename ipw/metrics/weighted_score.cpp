#include "ipw/metrics/weighted_score.h"

#include <algorithm>
#include <cmath>

#include "ipw/core/random.h"
#include "ipw/metrics/linear.h"
#include "ipw/metrics/measure.h"
#include "ipw/metrics/student.h"
#include "ipw/metrics/tally.h"

namespace ipw::metrics {
namespace {

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
  const auto weighted = [&](std::size_t term) -> Statistic {
    return [&sample, domain_weights, term](std::span<const double> totals) {
      double sum = 0.0;
      for (std::size_t d = 0; d < sample.domains; ++d) {
        if (domain_weights[d] == 0.0) continue;
        sum += domain_weights[d] * totals[3 * d + term] / totals[3 * d + 2];
      }
      return sum;
    };
  };
  const Statistic score = weighted(0);
  const Statistic cost = weighted(1);
  const Statistic rate = [&](std::span<const double> totals) {
    const double paid = cost(totals);
    return paid > 0.0 ? score(totals) / paid : std::nan("");
  };
  const std::vector<double> totals = sums.totals();
  WeightedRate result{.value = rate(totals), .limits = {}};
  if (!std::isfinite(result.value)) return result;
  const Limits paid = student_limits(sums, cost, Scale::kPlain);
  if (!paid.low || !(*paid.low > 0.0)) {
    result.limits = {{}, {}, "mover", paid.low ? kDrowned : paid.reason};
    return result;
  }
  std::vector<Estimate> shares(sample.domains);
  bool few = false;
  for (std::size_t d = 0; d < sample.domains; ++d) {
    if (domain_weights[d] == 0.0) continue;
    const double right = totals[3 * d];
    const double all = totals[3 * d + 2];
    few = few || std::min(right, all - right) < kFewAnswers;
    const Limits share = wilson(right, all);
    shares[d] = {right / all, *share.low, *share.high};
  }
  const Limits scored = mover_linear(domain_weights, shares);
  result.limits = few ? mover_ratio({score(totals), std::max(*scored.low, 0.0), *scored.high},
                                    {cost(totals), *paid.low, *paid.high},
                                    jackknife_correlation(sums, score, cost))
                      : student_limits(sums, rate, Scale::kLog);
  return result;
}

}  // namespace ipw::metrics
