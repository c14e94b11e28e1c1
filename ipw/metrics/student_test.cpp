// Limits in closed form against numbers worked by hand, and what they are worth where the old rules
// failed: rare long values, repeats.
#include "ipw/metrics/student.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

const Statistic kMean = [](std::span<const double> s) { return s[0] / s[1]; };

UnitSums sums_of(const std::vector<double>& values) {
  UnitSums sums(values.size(), 2, 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums.add(i, 0, 0, values[i]);
    sums.add(i, 0, 1, 1.0);
  }
  return sums;
}

TEST(Student, IsTheTextbooksWhereNothingIsSkewed) {
  // Mean 3, standard error sqrt(10/3 / 4), t(.975, 3) = 3.1824.
  const Limits limits = student_limits(sums_of({1.0, 2.0, 4.0, 5.0}), kMean, Scale::kPlain);
  const double half = 3.182446305 * std::sqrt(10.0 / 3.0 / 4.0);
  EXPECT_NEAR(*limits.low, 3.0 - half, 1e-7);
  EXPECT_NEAR(*limits.high, 3.0 + half, 1e-7);
}

TEST(Student, OfTheLogarithmIsTheSameUpsideDown) {
  const UnitSums sums = sums_of({1, 4, 2, 8, 5, 7, 3, 3, 2, 9});
  const Statistic inverse = [](std::span<const double> s) { return s[1] / s[0]; };
  const Limits one = student_limits(sums, kMean, Scale::kLog);
  const Limits other = student_limits(sums, inverse, Scale::kLog);
  EXPECT_NEAR(*one.low * *other.high, 1.0, 1e-9);
  EXPECT_NEAR(*one.high * *other.low, 1.0, 1e-9);
}

TEST(Student, ReachesFurtherTowardsTheLongTail) {
  std::vector<double> values(99, 1.0);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += 0.001 * static_cast<double>(i % 10);
  values.push_back(50.0);
  const Limits limits = student_limits(sums_of(values), kMean, Scale::kPlain);
  const double mean = kMean(sums_of(values).totals());
  EXPECT_GT(*limits.high - mean, 2.0 * (mean - *limits.low));
  EXPECT_GT(*limits.low, 0.5);
}

TEST(Student, HasNoSpreadToShowForOneObservation) {
  for (const Scale scale : {Scale::kPlain, Scale::kLog}) {
    EXPECT_FALSE(student_limits(sums_of({3.0}), kMean, scale).high);
    EXPECT_FALSE(student_limits(UnitSums(0, 2, 1), kMean, scale).high);
    EXPECT_EQ(student_limits(sums_of({3.0}), kMean, scale).reason, "one observation has no spread");
  }
}

TEST(Student, HasNoLogarithmOfWhatIsNotAboveZero) {
  EXPECT_FALSE(student_limits(sums_of({-3.0, 1.0, 1.0}), kMean, Scale::kLog).low);
  EXPECT_TRUE(student_limits(sums_of({-3.0, 1.0, 1.0}), kMean, Scale::kPlain).low);
}

TEST(Student, HoldsTheValueWhateverTheSample) {
  core::Random random(11);
  for (int round = 0; round < 500; ++round) {
    std::vector<double> values;
    for (std::size_t i = 2 + random.below(40); i > 0; --i) {
      values.push_back(std::exp(4.0 * random.unit()) * (random.below(20) == 0 ? 50.0 : 1.0));
    }
    const UnitSums sums = sums_of(values);
    const double mean = kMean(sums.totals());
    for (const Scale scale : {Scale::kPlain, Scale::kLog}) {
      const Limits limits = student_limits(sums, kMean, scale);
      EXPECT_LE(*limits.low, mean);
      EXPECT_GE(*limits.high, mean);
    }
  }
}

// Questions of variance 1, noise of variance 1 within each of three repeats: the mean varies by
// (1 + 1/3) / n, and by 1/3 of the repeats' own variance more.
UnitSums repeated(std::size_t questions, double of_repeats, std::uint64_t seed) {
  core::Random random(seed);
  const auto normal = [&] {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random.unit()));
    return radius * std::cos(2.0 * std::numbers::pi * random.unit());
  };
  UnitSums sums(questions, 2, 3);
  std::vector<double> level;
  for (int r = 0; r < 3; ++r) level.push_back(of_repeats * normal());
  for (std::size_t q = 0; q < questions; ++q) {
    const double own = normal();
    for (std::size_t r = 0; r < 3; ++r) {
      sums.add(q, r, 0, 10.0 + own + normal() + level[r]);
      sums.add(q, r, 1, 1.0);
    }
  }
  return sums;
}

TEST(Student, CountsTheNoiseWithinRepeatsOnce) {
  double squares = 0.0;
  constexpr int kRuns = 400;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    const Limits limits = student_limits(repeated(100, 0.0, seed), kMean, Scale::kPlain);
    const double half = (*limits.high - *limits.low) / 2.0;
    squares += half * half / kRuns;
  }
  // 1.98 · sqrt(4/3 / 100), and not more than a sixth above it for repeats that seem to differ.
  const double expected = 1.98 * 1.98 * 4.0 / 300.0;
  EXPECT_GT(squares, 0.95 * expected);
  EXPECT_LT(squares, 1.4 * expected);
}

TEST(Student, CountsWhatRepeatsDifferBy) {
  int held = 0;
  constexpr int kRuns = 1000;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    const Limits limits = student_limits(repeated(100, 0.3, seed), kMean, Scale::kPlain);
    held += *limits.low <= 10.0 && 10.0 <= *limits.high ? 1 : 0;
  }
  EXPECT_GT(held, 920);
  EXPECT_LT(held, 985);
}

TEST(EffectiveTrials, AreTheNumberOfIndependentBinaryDraws) {
  std::vector<double> values(100, 0.0);
  for (std::size_t i = 0; i < 40; ++i) values[i] = 1.0;
  // p (1 - p) over its unbiased variance.
  EXPECT_NEAR(effective_trials(sums_of(values), kMean, 0.4), 99.0, 1e-6);
}

TEST(EffectiveTrials, AreManyForGradesThatHardlyVaryAndUnknownForThoseThatDoNot) {
  std::vector<double> grades;
  for (int i = 0; i < 100; ++i) grades.push_back(i % 2 == 0 ? 0.45 : 0.55);
  EXPECT_GT(effective_trials(sums_of(grades), kMean, 0.5), 2000.0);
  EXPECT_EQ(effective_trials(sums_of(std::vector<double>(100, 0.5)), kMean, 0.5), 0.0);
}

TEST(Jackknife, FindsThatTwoStatisticsMoveTogether) {
  const UnitSums sums = sums_of({1, 4, 2, 8, 5, 7});
  const Statistic inverse = [](std::span<const double> s) { return s[1] / s[0]; };
  const Statistic constant = [](std::span<const double> s) { return s[1] / s[1]; };
  EXPECT_NEAR(jackknife_correlation(sums, kMean, kMean), 1.0, 1e-12);
  EXPECT_LT(jackknife_correlation(sums, kMean, inverse), -0.99);
  EXPECT_EQ(jackknife_correlation(sums, kMean, constant), 0.0);
}

}  // namespace
}  // namespace ipw::metrics
