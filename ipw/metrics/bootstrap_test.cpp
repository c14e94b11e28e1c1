// The resampling itself: its variance against formulas, its repeatability, its degenerate cases.
#include "ipw/metrics/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::metrics {
namespace {

const Statistic kMean = [](std::span<const double> sums) { return sums[0] / sums[1]; };

UnitSums sums_of(const std::vector<double>& values, std::size_t block = 1) {
  UnitSums sums(values.size(), 2, 1, block);
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums.add(i, 0, 0, values[i]);
    sums.add(i, 0, 1, 1.0);
  }
  return sums;
}

double variance(const std::vector<double>& values) {
  double mean = 0.0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  double squares = 0.0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return squares / (static_cast<double>(values.size()) - 1.0);
}

std::vector<double> resampled(const UnitSums& sums, int resamples, std::uint64_t seed = 1) {
  return resample(sums, std::vector{kMean}, {seed, resamples})[0];
}

TEST(Bootstrap, HasTheUnbiasedVarianceOfAMean) {
  const std::vector<double> values{1, 4, 2, 8, 5, 7};
  EXPECT_NEAR(variance(resampled(sums_of(values), 20'000)), variance(values) / 6.0, 0.03);
}

TEST(Bootstrap, DependsOnTheSeedAlone) {
  const UnitSums sums = sums_of({1, 4, 2, 8, 5, 7});
  EXPECT_EQ(resampled(sums, 200, 9), resampled(sums, 200, 9));
  EXPECT_NE(resampled(sums, 200, 9), resampled(sums, 200, 10));
  const auto few = resampled(sums, 100, 9);
  const auto many = resampled(sums, 200, 9);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));  // resample i is always the same
}

TEST(Bootstrap, HasNoSpreadToShowForOneObservation) {
  const auto limits = bootstrap(sums_of({3.0}), std::vector{kMean}, {});
  EXPECT_FALSE(limits[0].low);
  EXPECT_EQ(limits[0].reason, "one observation has no spread");
}

TEST(Bootstrap, WidensUnderPositiveDependenceOnlyWithBlocks) {
  core::Random random(5);
  std::vector<double> values;
  double level = 0.0;
  for (int i = 0; i < 2000; ++i) {  // a long memory: each value keeps 90 % of the last
    level = 0.9 * level + random.unit() - 0.5;
    values.push_back(10.0 + level);
  }
  const double plain = variance(resampled(sums_of(values), 1000));
  const double blocks = variance(resampled(sums_of(values, 60), 1000));
  // The mean of this process varies (1 + .9) / (1 - .9) = 19 times as much as that of as many
  // independent values; blocks of 60 see most of it.
  EXPECT_GT(blocks / plain, 10.0);
  EXPECT_LT(blocks / plain, 28.0);
}

TEST(Bootstrap, AddsTheVarianceBetweenRepeats) {
  // 100 questions at 10 in each of 4 repeats, which differ as a whole: 8, 10, 10, 12.
  UnitSums sums(100, 2, 4);
  const std::vector<double> levels{8, 10, 10, 12};
  for (std::size_t q = 0; q < 100; ++q) {
    for (std::size_t r = 0; r < 4; ++r) {
      sums.add(q, r, 0, levels[r]);
      sums.add(q, r, 1, 1.0);
    }
  }
  EXPECT_NEAR(variance(resampled(sums, 20'000)), variance(levels) / 4.0, 0.03);
}

TEST(Bootstrap, OfRandomBundlesEqualsThatOfTheQuestions) {
  core::Random random(3);
  std::vector<double> values;
  for (int i = 0; i < 20'000; ++i) values.push_back(-std::log(1.0 - random.unit()));
  constexpr int kBundlings = 8;
  double spread = 0.0;
  double low = 0.0;
  double high = 0.0;
  for (std::uint64_t seed = 1; seed <= kBundlings; ++seed) {
    const auto unit_of = units_of_clusters(values.size(), 4096, seed);
    UnitSums bundles(2048, 2, 1);
    for (std::size_t i = 0; i < values.size(); ++i) {
      bundles.add(unit_of[i], 0, 0, values[i]);
      bundles.add(unit_of[i], 0, 1, 1.0);
    }
    spread += variance(resampled(bundles, 1000, seed)) / kBundlings;
    const Limits limits = bootstrap(bundles, std::vector{kMean}, {seed, 1000})[0];
    low += *limits.low / kBundlings;
    high += *limits.high / kBundlings;
  }
  const UnitSums questions = sums_of(values);
  EXPECT_NEAR(spread / variance(resampled(questions, 4000)), 1.0, 0.1);
  EXPECT_NEAR(spread / (variance(values) / 20'000), 1.0, 0.08);
  const Limits whole = bootstrap(questions, std::vector{kMean}, {1, 4000})[0];
  const double width = *whole.high - *whole.low;
  EXPECT_NEAR(low, *whole.low, 0.06 * width);
  EXPECT_NEAR(high, *whole.high, 0.06 * width);
}

TEST(Units, HoldOneClusterEachUpToTheLimitAndEqualBundlesAboveIt) {
  EXPECT_EQ(units_of_clusters(4, 4, 1), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  const auto units = units_of_clusters(1001, 100, 1);
  std::vector<int> sizes(50, 0);
  for (const std::uint32_t unit : units) ++sizes.at(unit);
  EXPECT_EQ(std::ranges::min(sizes), 20);
  EXPECT_EQ(std::ranges::max(sizes), 21);
  EXPECT_NE(units, units_of_clusters(1001, 100, 2));
  EXPECT_TRUE(units_of_clusters(0, 100, 1).empty());
}

}  // namespace
}  // namespace ipw::metrics
