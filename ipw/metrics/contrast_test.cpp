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
  EXPECT_EQ(paired.limits.method, "paired-student");
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
  EXPECT_EQ(estimated(two_cells(150, 1, 5), kRatio).limits.method, "paired-student");
  EXPECT_EQ(estimated(two_cells(30, 1, 5), kRatio).limits.method, "mover");
  LogContrast share = kAccuracy;
  share.whole = {-1.0, 1.0};
  const ContrastEstimate few = estimated(two_cells(30, 1, 5), share);
  EXPECT_FALSE(few.limits.low);
  EXPECT_FALSE(few.limits.reason.empty());
  const ContrastEstimate many = estimated(two_cells(2000, 1, 5), share);
  EXPECT_TRUE(many.limits.low && *many.limits.low < many.value && many.value < *many.limits.high);
}

// Thirty questions: both cells answer 12 of them, the second 6 more.
ContrastSample nested_cells() {
  ContrastSample sample{.questions = 30, .cells = 2, .repeats = 1, .score = {}, .cost = {}};
  for (int q = 0; q < 30; ++q) {
    sample.score.push_back(q < 12 ? 1.0 : 0.0);
    sample.score.push_back(q < 18 ? 1.0 : 0.0);
    sample.cost.insert(sample.cost.end(), {3.0, 3.0});
  }
  return sample;
}

// By hand: Wilson's limits of 12 and 18 of 30 are .2459, .5768 and .4232, .7541, and
// φ = 144 / 216, corrected (144 − 15) / 216 = .597. As if independent: .90 to 2.45.
TEST(Contrast, TakesTheSameQuestionsIntoAccountWhereAnswersAreFew) {
  const ContrastEstimate ratio = estimated(nested_cells(), kAccuracy);
  EXPECT_EQ(ratio.limits.method, "mover");
  EXPECT_NEAR(*ratio.limits.low, 1.08784, 1e-5);
  EXPECT_NEAR(*ratio.limits.high, 2.22682, 1e-5);
  // Costs that do not vary add nothing.
  EXPECT_NEAR(*estimated(nested_cells(), kRatio).limits.low, 1.08784, 1e-5);
}

TEST(Contrast, OfCellsThatAddUpIsNoSurerForTheSameQuestions) {
  ContrastSample sample = nested_cells();
  for (std::size_t i = 0; i < sample.score.size(); i += 2) sample.score[i + 1] = sample.score[i];
  const LogContrast mean{.accuracy = {0.5, 0.5}, .cost = {0.0, 0.0}};
  const ContrastEstimate both = estimated(sample, mean);
  EXPECT_NEAR(*both.limits.low, 0.2459, 5e-5) << "the mean of one thing twice is that thing";
  EXPECT_NEAR(*both.limits.high, 0.5768, 5e-5);
}

TEST(Contrast, OfCellsWithoutAWrongAnswerIsNotCertain) {
  ContrastSample sample = nested_cells();
  for (double& score : sample.score) score = 1.0;
  const ContrastEstimate ratio = estimated(sample, kAccuracy);
  EXPECT_NEAR(*ratio.limits.low, 0.88649, 1e-5) << "Wilson's limit of 30 of 30";
  EXPECT_NEAR(*ratio.limits.high, 1.0 / 0.88649, 1e-5);
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
