#include "ipw/metrics/resampled_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

struct Moments {
  double mean = 0.0;
  double variance = 0.0;
};

Moments moments(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  Moments result{std::accumulate(values.begin(), values.end(), 0.0) / n, 0.0};
  for (const double v : values) result.variance += (v - result.mean) * (v - result.mean) / (n - 1);
  return result;
}

TEST(BinomialDraw, FollowsTheBinomialLaw) {
  core::Random random(5);
  constexpr int kDraws = 40'000;
  for (const double p : {.001, .1, .5, .93}) {
    for (const std::int64_t n : {1, 7, 100, 50'000}) {
      std::vector<std::int64_t> draws(kDraws);
      for (auto& draw : draws) draw = binomial_draw(random, n, p);
      std::ranges::sort(draws);
      ASSERT_GE(draws.front(), 0);
      ASSERT_LE(draws.back(), n);
      // Kolmogorov–Smirnov distance; 1.95 / sqrt(draws) is exceeded once in a thousand.
      double distance = 0.0;
      for (std::size_t i = 0; i < draws.size(); ++i) {
        if (i + 1 < draws.size() && draws[i + 1] == draws[i]) continue;
        const double empirical = static_cast<double>(i + 1) / kDraws;
        const double exact = binomial_cdf(static_cast<double>(draws[i]), static_cast<double>(n), p);
        distance = std::max(distance, std::abs(empirical - exact));
      }
      EXPECT_LT(distance, 1.95 / std::sqrt(kDraws)) << n << " " << p;
    }
  }
}

TEST(BinomialDraw, KnowsItsEnds) {
  core::Random random(1);
  EXPECT_EQ(binomial_draw(random, 0, .5), 0);
  EXPECT_EQ(binomial_draw(random, 9, 0.0), 0);
  EXPECT_EQ(binomial_draw(random, 9, 1.0), 9);
}

// The sum of n draws with replacement from n rows has mean Σx and variance Σ(x - mean)².
void expect_bootstrap_moments(const std::vector<double>& rows, Draws draws) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const ResampledSums drawn = resampled_sums(rows, 1, n, 3, 4000);
  EXPECT_EQ(drawn.draws, draws);
  const Moments got = moments(drawn.sums);
  const Moments of_rows = moments(rows);
  const double variance = of_rows.variance * (static_cast<double>(n) - 1);
  EXPECT_NEAR(got.mean, of_rows.mean * static_cast<double>(n), 4 * std::sqrt(variance / 4000));
  EXPECT_NEAR(got.variance / variance, 1.0, 4 * std::sqrt(2.0 / 4000));
}

TEST(ResampledSums, HaveTheBootstrapsMeanAndVarianceFromEqualRows) {
  core::Random random(1);
  std::vector<double> rows(20'000);
  for (double& row : rows) row = static_cast<double>(random.below(3)) - 1.0;
  expect_bootstrap_moments(rows, Draws::kEqualRows);
}

TEST(ResampledSums, HaveTheBootstrapsMeanAndVarianceFromBlocks) {
  core::Random random(2);
  std::vector<double> rows(5'000);  // two blocks and a rest
  for (double& row : rows) row = std::exp(normal_quantile(.0005 + .999 * random.unit()));
  expect_bootstrap_moments(rows, Draws::kBlocks);
}

TEST(ResampledSums, HaveTheBootstrapsMeanAndVarianceInSortedRows) {
  std::vector<double> rows(6'000);  // blocks differ as much as they can
  std::iota(rows.begin(), rows.end(), 1.0);
  expect_bootstrap_moments(rows, Draws::kBlocks);
}

TEST(ResampledSums, DrawColumnsOfARowTogether) {
  for (const std::size_t columns : {2U, 3U, 4U}) {
    std::vector<double> rows;
    for (int i = 0; i < 3'000; ++i) {
      rows.push_back(i);
      for (std::size_t c = 1; c < columns; ++c) rows.push_back(static_cast<double>(c) * i + 1);
    }
    const ResampledSums drawn = resampled_sums(rows, columns, 3'000, 9, 50);
    for (std::size_t r = 0; r < 50; ++r) {
      for (std::size_t c = 1; c < columns; ++c) {
        EXPECT_DOUBLE_EQ(drawn.sums[r * columns + c],
                         static_cast<double>(c) * drawn.sums[r * columns] + 3'000);
      }
    }
  }
}

TEST(ResampledSums, AreTheSameFromTheSameSeed) {
  std::vector<double> rows(5'000);
  std::iota(rows.begin(), rows.end(), 0.0);
  EXPECT_EQ(resampled_sums(rows, 1, 5'000, 4, 20).sums, resampled_sums(rows, 1, 5'000, 4, 20).sums);
  EXPECT_NE(resampled_sums(rows, 1, 5'000, 4, 20).sums, resampled_sums(rows, 1, 5'000, 5, 20).sums);
}

}  // namespace
}  // namespace ipw::metrics
