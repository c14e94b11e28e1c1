#include "ipw/metrics/linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

double dot(const std::vector<double>& weights, const std::vector<double>& values) {
  return std::inner_product(weights.begin(), weights.end(), values.begin(), 0.0);
}

// docs/metrics.md, Attribution: φ_model = ½[V(m₁,h₀) − V(m₀,h₀) + V(m₁,h₁) − V(m₀,h₁)].
TEST(Shapley, OfTwoPlayersIsTheMeanOfBothOrders) {
  const std::vector<double> v{0.0, 1.0, 0.4, 2.0};  // V00, V10, V01, V11
  EXPECT_DOUBLE_EQ(dot(shapley_weights(2, 0), v), 0.5 * (1.0 - 0.0 + 2.0 - 0.4));
  EXPECT_DOUBLE_EQ(dot(shapley_weights(2, 1), v), 0.5 * (0.4 - 0.0 + 2.0 - 1.0));
  EXPECT_DOUBLE_EQ(dot(interaction_weights(2, 0, 1), v), 2.0 + 0.0 - 1.0 - 0.4);
}

// Osborne & Rubinstein's glove market, hand-worked: one left glove, two right ones.
TEST(Shapley, OfTheGloveMarketIsTwoThirdsAndTwiceASixth) {
  std::vector<double> v(8, 0.0);
  v[0b011] = v[0b101] = v[0b111] = 1.0;
  EXPECT_NEAR(dot(shapley_weights(3, 0), v), 2.0 / 3.0, 1e-12);
  EXPECT_NEAR(dot(shapley_weights(3, 1), v), 1.0 / 6.0, 1e-12);
  EXPECT_NEAR(dot(shapley_weights(3, 2), v), 1.0 / 6.0, 1e-12);
}

TEST(Shapley, SharesAddUpToTheWholeWhateverTheCells) {
  core::Random random(7);
  for (std::size_t players = 1; players <= 6; ++players) {
    std::vector<double> v(std::size_t{1} << players);
    for (double& value : v) value = random.unit();
    double sum = 0.0;
    for (std::size_t p = 0; p < players; ++p) sum += dot(shapley_weights(players, p), v);
    EXPECT_NEAR(sum, v.back() - v.front(), 1e-12);
  }
}

TEST(Shapley, GivesAPlayerWithoutEffectNothing) {
  core::Random random(8);
  std::vector<double> v(8);
  for (std::size_t s = 0; s < 4; ++s) v[s] = v[s + 4] = random.unit();
  EXPECT_NEAR(dot(shapley_weights(3, 2), v), 0.0, 1e-12);
  EXPECT_NEAR(dot(interaction_weights(3, 0, 2), v), 0.0, 1e-12);
}

TEST(MoverLinear, IsTheRootOfTheSumOfSquaresWhereLimitsAreSymmetric) {
  const std::vector<Estimate> estimates{{2.0, 1.0, 3.0}, {5.0, 3.0, 7.0}};
  const Limits limits = mover_linear(std::vector{3.0, -2.0}, estimates);
  EXPECT_NEAR(*limits.high, -4.0 + std::sqrt(9.0 + 16.0), 1e-12);
  EXPECT_NEAR(*limits.low, -4.0 - 5.0, 1e-12);
}

// Newcombe (1998), method 10, case (a): 56/70 − 48/80 has the limits .0524 and .3339.
TEST(MoverLinear, GivesNewcombesIntervalOfADifferenceOfProportions) {
  const Limits a = wilson(56, 70);
  const Limits b = wilson(48, 80);
  const std::vector<Estimate> estimates{{56.0 / 70.0, *a.low, *a.high}, {0.6, *b.low, *b.high}};
  const Limits limits = mover_linear(std::vector{1.0, -1.0}, estimates);
  EXPECT_NEAR(*limits.low, 0.0524, 5e-5);
  EXPECT_NEAR(*limits.high, 0.3339, 5e-5);
}

// The same answers behind both estimates: what one is too low by, the other is, too.
TEST(MoverLinear, TakesTheCorrelationOfItsEstimates) {
  const std::vector<Estimate> estimates{{2.0, 1.0, 3.0}, {5.0, 4.0, 6.0}};
  const std::vector<double> together{1.0, 1.0, 1.0, 1.0};
  const Limits sum = mover_linear(std::vector{0.5, 0.5}, estimates, together);
  EXPECT_NEAR(*sum.low, 2.5, 1e-12) << "not 3.5 - sqrt(1/2)";
  const Limits difference = mover_linear(std::vector{1.0, -1.0}, estimates, together);
  EXPECT_NEAR(*difference.high, -3.0, 1e-12) << "nothing is left to be unsure of";
}

TEST(MoverLinear, OfTwoCorrelatedEstimatesIsTheirMoverDifference) {
  const std::vector<Estimate> estimates{{0.8, 0.69, 0.88}, {0.6, 0.49, 0.70}};
  const Limits pair = mover_difference(estimates[0], estimates[1], 0.4);
  const Limits sum =
      mover_linear(std::vector{1.0, -1.0}, estimates, std::vector{1.0, 0.4, 0.4, 1.0});
  EXPECT_NEAR(*sum.low, *pair.low, 1e-12);
  EXPECT_NEAR(*sum.high, *pair.high, 1e-12);
}

TEST(Fieller, AgreesWithMoverForIndependentPartsAndRefusesANullWhole) {
  const std::vector<Estimate> estimates{{3.0, 2.0, 4.0}, {6.0, 5.0, 7.0}};
  const Limits ratio = fieller(std::vector{1.0, 0.0}, std::vector{0.0, 1.0}, estimates);
  const Limits mover = mover_ratio(estimates[0], estimates[1]);
  EXPECT_NEAR(*ratio.low, *mover.low, 1e-12);
  EXPECT_NEAR(*ratio.high, *mover.high, 1e-12);
  const std::vector<Estimate> none{{3.0, 2.0, 4.0}, {0.5, -0.5, 1.5}};
  EXPECT_FALSE(fieller(std::vector{1.0, 0.0}, std::vector{0.0, 1.0}, none).low);
}

TEST(SlopeWeights, GiveTheSlopeOfALineAndNothingAtOneMoment) {
  const std::vector<double> times{2020, 2021, 2023, 2024};
  EXPECT_NEAR(dot(slope_weights(times), {1.0, 1.5, 2.5, 3.0}), 0.5, 1e-12);
  EXPECT_TRUE(slope_weights(std::vector{5.0, 5.0}).empty());
}

}  // namespace
}  // namespace ipw::metrics
