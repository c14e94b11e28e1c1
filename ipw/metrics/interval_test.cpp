// Against published values and algebra done by hand.
#include "ipw/metrics/interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace ipw::metrics {
namespace {

void expect_limits(const Limits& limits, double low, double high, double tolerance) {
  ASSERT_TRUE(limits.low && limits.high) << limits.reason;
  EXPECT_NEAR(*limits.low, low, tolerance);
  EXPECT_NEAR(*limits.high, high, tolerance);
}

TEST(Wilson, GivesTheIntervalsOfNewcombe1998) {  // Statistics in Medicine 17:857, table I, method 3
  expect_limits(wilson(81, 263), 0.2553, 0.3662, 5e-5);
  expect_limits(wilson(15, 148), 0.0624, 0.1605, 5e-5);
  expect_limits(wilson(0, 20), 0.0, 0.1611, 5e-5);
  expect_limits(wilson(1, 29), 0.0061, 0.1718, 5e-5);
}

TEST(Wilson, ReachesOneOnlyWhenAllAreCorrect) {
  expect_limits(wilson(20, 20), 1.0 - 0.1611, 1.0, 5e-5);
  EXPECT_LT(*wilson(19, 20).high, 1.0);
}

TEST(Wilson, HasNoLimitsWithoutTrials) {
  EXPECT_FALSE(wilson(0, 0).low);
  EXPECT_FALSE(wilson(0, 0).high);
  EXPECT_EQ(wilson(0, 0).reason, "nothing was judged");
}

Estimate share(double successes, double trials) {
  const Limits limits = wilson(successes, trials);
  return {successes / trials, *limits.low, *limits.high};
}

TEST(Mover, GivesTheDifferenceOfNewcombe1998) {  // Statistics in Medicine 17:873, method 10
  expect_limits(mover_difference(share(56, 70), share(48, 80)), 0.0524, 0.3339, 5e-5);
}

TEST(Mover, ShortensADifferenceOfEstimatesThatMoveTogether) {
  const Estimate a{0.5, 0.4, 0.6};
  const Estimate b{0.4, 0.3, 0.5};
  expect_limits(mover_difference(a, b), 0.1 - std::sqrt(0.02), 0.1 + std::sqrt(0.02), 1e-12);
  expect_limits(mover_difference(a, b, 1.0), 0.1, 0.1, 1e-8);
}

TEST(Mover, SolvesTheRatioWorkedByHand) {
  // (.5 - 2x)² = .1² + .5²x²: 3.75x² - 2x + .24 = 0
  expect_limits(mover_ratio({0.5, 0.4, 0.6}, {2.0, 1.5, 2.5}), (1.0 - std::sqrt(0.1)) / 3.75,
                (1.0 + std::sqrt(0.1)) / 3.75, 1e-12);
}

TEST(Mover, GivesNoneCorrectAnUpperLimitAndZeroAsTheLower) {
  const Limits limits = mover_ratio({0.0, 0.0, 0.3}, {2.0, 1.0, 4.0});
  expect_limits(limits, 0.0, 0.3 / std::sqrt(3.0), 1e-12);
}

TEST(Mover, StaysFiniteWhereTheUpperLimitOfTheDivisorIsMoreThanTwiceIt) {
  const Limits limits = mover_ratio({0.5, 0.4, 0.6}, {2.0, 1.5, 5.0});
  ASSERT_TRUE(limits.low && limits.high);
  EXPECT_GT(*limits.low, 0.0);
  EXPECT_LT(*limits.low, 0.25);
  EXPECT_GT(*limits.high, 0.25);
}

// 20 / 12 / 2 / 16 by hand: φ = (320 − 24) / √(32·18·22·28), less 25 / √(32·18·22·28).
TEST(CorrectedPhi, LosesHalfAQuestionAndNeverItsSign) {
  const double spread = std::sqrt(32.0 * 18.0 * 22.0 * 28.0);
  EXPECT_NEAR(corrected_phi(296.0 / spread, 0.64, 0.44, 50), 271.0 / spread, 1e-12);
  EXPECT_EQ(corrected_phi(0.01, 0.5, 0.5, 10), 0.0);
  EXPECT_EQ(corrected_phi(-0.3, 0.5, 0.5, 10), -0.3);
  EXPECT_EQ(corrected_phi(0.0, 1.0, 0.5, 10), 0.0) << "where all are right";
}

TEST(Quantile, InterpolatesAsNumpyDoes) {
  const std::vector<float> values{1, 2, 3, 4};
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 2.5);
  EXPECT_NEAR(quantile(values, 0.9), 3.7, 1e-12);
  EXPECT_DOUBLE_EQ(quantile(values, 1.0), 4.0);
  EXPECT_DOUBLE_EQ(quantile(std::vector<float>{7}, 0.99), 7.0);
}

std::vector<float> one_to(int n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

TEST(OrderStatistic, BoundsTheMedianOfSixByTheExtremes) {  // 1 - 2/64 = .969; five give only .9375
  expect_limits(order_statistic_limits(one_to(6), 0.5, 6), 1, 6, 0);
  const Limits five = order_statistic_limits(one_to(5), 0.5, 5);
  EXPECT_FALSE(five.low);
  EXPECT_FALSE(five.high);
}

TEST(OrderStatistic, BoundsTheMedianOfTwentyByRanks6And15) {  // Conover 1999, table A3: .9586
  expect_limits(order_statistic_limits(one_to(20), 0.5, 20), 6, 15, 0);
}

TEST(OrderStatistic, Needs368ForTheUpperLimitOfP99) {
  EXPECT_EQ(observations_needed(0.99), 368);
  EXPECT_EQ(observations_needed(0.95), 72);
  const Limits short_by_one = order_statistic_limits(one_to(367), 0.99, 367);
  EXPECT_TRUE(short_by_one.low);
  EXPECT_FALSE(short_by_one.high);
  EXPECT_EQ(short_by_one.reason, "no upper limit: needs 368 independent observations, has 367");
  const Limits enough = order_statistic_limits(one_to(368), 0.99, 368);
  ASSERT_TRUE(enough.high);
  EXPECT_EQ(*enough.high, 368);
  EXPECT_TRUE(enough.reason.empty());
}

TEST(OrderStatistic, WidensWithDependence) {
  const auto values = one_to(1000);
  const Limits independent = order_statistic_limits(values, 0.5, 1000);
  const Limits dependent = order_statistic_limits(values, 0.5, 100);
  EXPECT_LT(*dependent.low, *independent.low);
  EXPECT_GT(*dependent.high, *independent.high);
  expect_limits(dependent, 400, 610, 0);  // ranks 40 and 61 of 100, ten times
}

}  // namespace
}  // namespace ipw::metrics
