#include "ipw/metrics/contrast.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ipw/core/random.h"
#include "ipw/metrics/linear.h"

namespace ipw::metrics {
namespace {

// Two cells: the second is right where the first is, and half as often again; costs 4 and 2.
ContrastSample two_cells(std::size_t questions, std::size_t repeats, std::uint64_t seed) {
  core::Random random(seed);
  ContrastSample sample{
      .questions = questions, .cells = 2, .repeats = repeats, .score = {}, .cost = {}};
  for (std::size_t q = 0; q < questions; ++q) {
    const double hardness = random.unit();
    for (const double skill : {0.4, 0.6}) {
      for (std::size_t r = 0; r < repeats; ++r) {
        sample.score.push_back(hardness < skill ? 1.0 : 0.0);
      }
    }
    for (const double watts : {4.0, 2.0}) {
      for (std::size_t r = 0; r < repeats; ++r) {
        const double noise = random.unit();
        sample.cost.push_back(watts * (0.5 + noise));
      }
    }
  }
  return sample;
}

const LogContrast kRatio{.accuracy = {-1.0, 1.0}, .cost = {1.0, -1.0}};
const LogContrast kAccuracy{.accuracy = {-1.0, 1.0}, .cost = {0.0, 0.0}};

ContrastEstimate estimated(const ContrastSample& sample, const LogContrast& contrast) {
  return contrasts(sample, std::span(&contrast, 1), {1, 1000}).front();
}

TEST(Contrast, IsTheRatioOfMeans) {
  const ContrastSample sample{
      .questions = 2, .cells = 2, .repeats = 1, .score = {1, 1, 0, 1}, .cost = {2, 1, 4, 2}};
  EXPECT_NEAR(estimated(sample, kRatio).value, (1.0 / 1.5) / (0.5 / 3.0), 1e-12);
  EXPECT_NEAR(estimated(sample, kAccuracy).value, 2.0, 1e-12);
}

TEST(Contrast, DoesNotChangeWhereAllCostsAreInAnotherUnit) {
  ContrastSample sample = two_cells(500, 1, 2);
  const ContrastEstimate joules = estimated(sample, kRatio);
  for (double& cost : sample.cost) cost *= 1000.0;
  const ContrastEstimate millijoules = estimated(sample, kRatio);
  EXPECT_NEAR(joules.value, millijoules.value, 1e-9);
  EXPECT_NEAR(*joules.limits.low, *millijoules.limits.low, 1e-9);
}

TEST(Contrast, UsesThePairs) {
  const ContrastEstimate paired = estimated(two_cells(1000, 1, 3), kAccuracy);
  EXPECT_EQ(paired.limits.method, "paired-bootstrap");
  // Unpaired, the standard error of the logarithm would be √(.6/400 + .4/600) = .0465; paired,
  // only questions that one cell alone answers count: √(.2·1000)/600 and less.
  EXPECT_LT(std::log(*paired.limits.high / *paired.limits.low), 3.92 * 0.0465 * 0.75);
}

TEST(Contrast, SaysWhereThereIsNothingRight) {
  ContrastSample sample = two_cells(300, 1, 4);
  for (std::size_t i = 0; i < sample.score.size(); i += 2) sample.score[i] = 0.0;
  const ContrastEstimate none = estimated(sample, kRatio);
  EXPECT_FALSE(std::isfinite(none.value));
  EXPECT_FALSE(none.limits.low);
  EXPECT_EQ(none.limits.reason, "no right answer in one of the cells");
}

TEST(Contrast, TakesClosedFormsWhereAnswersAreFew) {
  EXPECT_EQ(estimated(two_cells(150, 1, 5), kRatio).limits.method, "log-t");
  EXPECT_EQ(estimated(two_cells(30, 1, 5), kRatio).limits.method, "mover");
  LogContrast share = kAccuracy;
  share.whole = {-1.0, 1.0};
  const ContrastEstimate few = estimated(two_cells(30, 1, 5), share);
  EXPECT_FALSE(few.limits.low);
  EXPECT_FALSE(few.limits.reason.empty());
  const ContrastEstimate many = estimated(two_cells(2000, 1, 5), share);
  EXPECT_TRUE(many.limits.low && *many.limits.low < many.value && many.value < *many.limits.high);
}

TEST(Contrast, CountsRepeatsAsTheSameQuestions) {
  const ContrastEstimate once = estimated(two_cells(400, 1, 6), kAccuracy);
  const ContrastEstimate thrice = estimated(two_cells(400, 3, 6), kAccuracy);
  EXPECT_GT(std::log(*thrice.limits.high / *thrice.limits.low),
            0.8 * std::log(*once.limits.high / *once.limits.low))
      << "the questions are as many as before";
}

}  // namespace
}  // namespace ipw::metrics
