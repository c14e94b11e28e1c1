// What several runs say together, against figures worked by hand and against simulated runs.
#include "ipw/metrics/run_to_run.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

record::Figure joules(double value) { return {.value = value, .unit = "J"}; }

TEST(RunToRun, IsTheMeanWithStudentsLimitsWorkedOutByHand) {
  // 9, 10, 11 J: mean 10, s = 1, t(2) = 4.302653, half width 4.302653 / sqrt(3) = 2.484138.
  const std::vector<std::vector<NamedFigure>> runs{{{"j_per_query", joules(9.0)}},
                                                   {{"j_per_query", joules(10.0)}},
                                                   {{"j_per_query", joules(11.0)}}};
  const std::vector<RunToRun> found = run_to_run(runs);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_DOUBLE_EQ(*found[0].figure.value, 10.0);
  EXPECT_DOUBLE_EQ(found[0].spread, 1.0);
  EXPECT_NEAR(*found[0].figure.low, 10.0 - 2.484138, 1e-6);
  EXPECT_NEAR(*found[0].figure.high, 10.0 + 2.484138, 1e-6);
  EXPECT_EQ(found[0].figure.n, 3);
}

TEST(RunToRun, IsOfWhatEveryRunHasAndOfTwoRunsAtLeast) {
  record::Figure none;
  none.unit = "J";
  EXPECT_TRUE(run_to_run(std::vector<std::vector<NamedFigure>>{{{"ipj", joules(1.0)}}}).empty());
  EXPECT_TRUE(
      run_to_run(std::vector<std::vector<NamedFigure>>{{{"ipj", joules(1.0)}}, {{"ipj", none}}})
          .empty());
  EXPECT_TRUE(
      run_to_run(std::vector<std::vector<NamedFigure>>{{{"ipj", joules(1.0)}}, {}}).empty());
}

TEST(RunToRun, StaysWithinWhatAFigureCanBe) {
  record::Figure share{.value = 0.9, .unit = "1"};
  record::Figure other{.value = 0.99, .unit = "1"};
  const auto found = run_to_run(std::vector<std::vector<NamedFigure>>{
      {{"accuracy", share}, {"ipj", joules(0.1)}}, {{"accuracy", other}, {"ipj", joules(3)}}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_LE(*found[0].figure.high, 1.0);
  EXPECT_GE(*found[1].figure.low, 0.0);
}

Comparison pair_of(double ratio, double low, double high) {
  Comparison pair;
  pair.pairs = 100;
  record::Figure figure{.value = ratio, .unit = "1", .low = low, .high = high};
  figure.interval = "paired-student";
  pair.figures.push_back({"j_per_query_ratio", figure});
  return pair;
}

TEST(Combined, AddsTheSquaresOfBothDoubtsOnTheLogarithm) {
  // ln: 0 and ln 1.21, mean ln 1.1; s = ln 1.21 / sqrt(2), t(1) = 12.7062, so that the half width
  // of the runs is 12.7062 × ln 1.21 / 2; that of the questions is ln 1.1 on either side.
  const Comparison result =
      combined(std::vector{pair_of(1.0, 1.0 / 1.1, 1.1), pair_of(1.21, 1.1, 1.331)});
  const record::Figure& figure = result.figures.at(0).figure;
  EXPECT_NEAR(*figure.value, 1.1, 1e-12);
  const double half = std::hypot(std::log(1.1), 12.706204736 * std::log(1.21) / 2.0);
  EXPECT_NEAR(*figure.low, 1.1 * std::exp(-half), 1e-6);
  EXPECT_NEAR(*figure.high, 1.1 * std::exp(half), 1e-5);
}

TEST(Combined, OfOnePairIsThatPair) {
  const Comparison one = combined(std::vector{pair_of(1.2, 1.1, 1.3)});
  EXPECT_DOUBLE_EQ(*one.figures.at(0).figure.low, 1.1);
  EXPECT_EQ(one.figures.at(0).figure.interval, "paired-student");
}

TEST(Combined, HasNoValueWhereAPairHasNone) {
  Comparison lacking = pair_of(1.0, 0.9, 1.1);
  lacking.figures[0].figure.value = std::nullopt;
  const Comparison result = combined(std::vector{pair_of(1.0, 0.9, 1.1), lacking});
  EXPECT_FALSE(result.figures.at(0).figure.value);
  EXPECT_FALSE(result.figures.at(0).figure.reason.empty());
}

TEST(Disturbed, IsAMeanOfWhichAnyRunWas) {
  record::Figure busy = joules(10.0);
  busy.provenance.disturbed = true;
  const std::vector<std::vector<NamedFigure>> runs{{{"ipj", joules(9.0)}}, {{"ipj", busy}}};
  EXPECT_TRUE(run_to_run(runs).at(0).figure.provenance.disturbed);
  Comparison quiet = pair_of(1.0, 0.9, 1.1);
  EXPECT_FALSE(combined(std::vector{quiet, quiet}).figures.at(0).figure.provenance.disturbed);
  Comparison other = quiet;
  other.figures[0].figure.provenance.disturbed = true;
  for (const auto& pairs : {std::vector{quiet, other}, std::vector{other, quiet}}) {
    EXPECT_TRUE(combined(pairs).figures.at(0).figure.provenance.disturbed);
  }
}

// Questions that differ, runs that drift: the truth is a ratio of 1. Also where one pair alone,
// which knows nothing of the drift, would miss it most of the time.
TEST(Combined, HoldsTheTruthWhereRunsDrift) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  for (const int runs : {3, 5, 8}) {
    int held = 0;
    int held_by_one = 0;
    constexpr int kRounds = 4000;
    for (int round = 0; round < kRounds; ++round) {
      const double questions = 0.02 * normal(random);  // shared by the pairs
      std::vector<Comparison> pairs;
      for (int run = 0; run < runs; ++run) {
        const double value = questions + 0.08 * normal(random);
        pairs.push_back(
            pair_of(std::exp(value), std::exp(value - kZ95 * 0.02), std::exp(value + kZ95 * 0.02)));
      }
      const Comparison result = combined(pairs);
      const record::Figure& figure = result.figures.at(0).figure;
      held += *figure.low <= 1.0 && 1.0 <= *figure.high ? 1 : 0;
      const record::Figure& alone = pairs[0].figures.at(0).figure;
      held_by_one += *alone.low <= 1.0 && 1.0 <= *alone.high ? 1 : 0;
    }
    EXPECT_GE(held, kRounds * 94 / 100) << runs;
    EXPECT_LE(held, kRounds * 98 / 100) << runs;
    EXPECT_LE(held_by_one, kRounds / 2) << runs;
  }
}

}  // namespace
}  // namespace ipw::metrics
