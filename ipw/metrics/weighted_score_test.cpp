#include "ipw/metrics/weighted_score.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "ipw/core/random.h"

namespace ipw::metrics {
namespace {

// Groups of weight .5, .3, .2; the first has domain 0 alone, the second half of domain 1 and all of
// domain 2 with 100 and 150 questions: (½·100 : 150) = ¼ : ¾. Nobody speaks for the third.
TEST(DomainWeights, AreTheHandWorkedOnes) {
  const std::vector<double> groups{0.5, 0.3, 0.2};
  const std::vector<std::vector<double>> share{{1, 0, 0}, {0, 0.5, 1}, {0, 0, 0}};
  const auto weights = domain_weights(groups, share, std::vector<double>{10, 100, 150});
  EXPECT_NEAR(weights[0], 0.5 / 0.8, 1e-12);
  EXPECT_NEAR(weights[1], 0.3 / 0.8 * 0.25, 1e-12);
  EXPECT_NEAR(weights[2], 0.3 / 0.8 * 0.75, 1e-12);
  EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1.0, 1e-12);
}

TEST(DomainWeights, DoNotChangeWhereAllWeightsAreMultiplied) {
  const std::vector<std::vector<double>> share{{1, 0.5}, {0, 0.5}};
  const auto one = domain_weights(std::vector{0.2, 0.6}, share, std::vector{3.0, 9.0});
  const auto ten = domain_weights(std::vector{2.0, 6.0}, share, std::vector{3.0, 9.0});
  for (std::size_t d = 0; d < 2; ++d) EXPECT_NEAR(one[d], ten[d], 1e-12);
}

TEST(WeightedRate, IsTheWeightedScoreOverTheWeightedCost) {
  WeightedSample sample{.domains = 2, .domain = {}, .score = {}, .cost = {}};
  core::Random random(5);
  for (int i = 0; i < 1000; ++i) {
    const bool first = i % 4 == 0;
    sample.domain.push_back(first ? 0 : 1);
    sample.score.push_back(random.unit() < (first ? 0.2 : 0.8) ? 1.0F : 0.0F);
    sample.cost.push_back(first ? 10.0F : 30.0F);
  }
  const WeightedRate rate = weighted_rate(sample, std::vector{0.5, 0.5}, {1, 500});
  EXPECT_NEAR(rate.value, 0.5 / 20.0, 0.002);
  EXPECT_LT(*rate.limits.low, 0.5 / 20.0);
  EXPECT_GT(*rate.limits.high, 0.5 / 20.0);
  EXPECT_TRUE(std::isnan(weighted_rate({}, {}, {}).value));
}

}  // namespace
}  // namespace ipw::metrics
