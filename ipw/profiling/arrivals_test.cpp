// Due times against what their laws say: exact where a law is exact, moments where it is random.

#include "ipw/profiling/arrivals.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ipw::profiling {
namespace {

std::vector<double> times(const Arrivals& arrivals, std::size_t most, std::uint64_t seed = 1) {
  Schedule schedule(arrivals, seed);
  std::vector<double> due;
  while (due.size() < most) {
    const auto next = schedule.next();
    if (!next) break;
    due.push_back(next->count());
  }
  return due;
}

struct Moments {
  double mean = 0.0;
  double variation = 0.0;  // standard deviation / mean
};

Moments gaps_of(const std::vector<double>& due) {
  double sum = 0.0;
  double squares = 0.0;
  for (std::size_t i = 1; i < due.size(); ++i) {
    const double gap = due[i] - due[i - 1];
    sum += gap;
    squares += gap * gap;
  }
  const double n = static_cast<double>(due.size() - 1);
  const double mean = sum / n;
  return {mean, std::sqrt(squares / n - mean * mean) / mean};
}

TEST(Arrivals, ConstantOnesComeEveryGapFromTheBeginning) {
  EXPECT_EQ(times({.law = ArrivalLaw::kConstant, .rate = 4.0}, 4),
            (std::vector<double>{0.0, .25, .5, .75}));
}

TEST(Arrivals, ADurationHoldsAsManyConstantOnesAsRateTimesTime) {
  const Arrivals arrivals{
      .law = ArrivalLaw::kConstant, .rate = 5.0, .duration = core::Seconds(20.0)};
  EXPECT_EQ(count_arrivals(arrivals, 1, 1'000'000), 100);
  EXPECT_EQ(count_arrivals(arrivals, 1, 60), 60);
}

TEST(Arrivals, ARampReachesHalfAsManyInItsTime) {
  // Λ(t) = 10 t² / (2 · 4): the k-th request at sqrt(0.8 k), until 20 are due at the ramp's end;
  // from there every tenth of a second.
  const auto due =
      times({.law = ArrivalLaw::kConstant, .rate = 10.0, .ramp = core::Seconds(4.0)}, 23);
  EXPECT_DOUBLE_EQ(due[5], 2.0);
  EXPECT_NEAR(due[20], 4.0, 1e-12);
  EXPECT_NEAR(due[21], 4.1, 1e-12);
  EXPECT_NEAR(due[22], 4.2, 1e-12);
}

TEST(Arrivals, PoissonGapsHaveTheRatesMeanAndAVariationOfOne) {
  const Moments gaps = gaps_of(times({.law = ArrivalLaw::kPoisson, .rate = 8.0}, 40'000));
  EXPECT_NEAR(gaps.mean, 1.0 / 8.0, 4.0 / 8.0 / 200.0);  // four standard errors
  EXPECT_NEAR(gaps.variation, 1.0, .03);
}

TEST(Arrivals, GammaGapsKeepTheMeanAndVaryAsTheirShapeSays) {
  for (const double shape : {.25, 1.0, 4.0}) {
    const Moments gaps =
        gaps_of(times({.law = ArrivalLaw::kGamma, .rate = 8.0, .shape = shape}, 40'000));
    const double variation = 1.0 / std::sqrt(shape);
    EXPECT_NEAR(gaps.mean, 1.0 / 8.0, 4.0 * variation / 8.0 / 200.0) << shape;
    EXPECT_NEAR(gaps.variation, variation, .05 * variation) << shape;
  }
}

TEST(Arrivals, TheSameSeedOffersTheSameLoadAndAnotherAnotherOne) {
  const Arrivals arrivals{.law = ArrivalLaw::kGamma, .rate = 3.0, .shape = .5};
  EXPECT_EQ(times(arrivals, 100, 7), times(arrivals, 100, 7));
  EXPECT_NE(times(arrivals, 100, 7), times(arrivals, 100, 8));
}

TEST(Arrivals, ATraceIsReplayedAndCutAtTheDuration) {
  Arrivals arrivals{.law = ArrivalLaw::kTrace,
                    .trace = {core::Seconds(0), core::Seconds(.5), core::Seconds(3)}};
  EXPECT_EQ(times(arrivals, 10), (std::vector<double>{0.0, .5, 3.0}));
  arrivals.duration = core::Seconds(1);
  EXPECT_EQ(times(arrivals, 10), (std::vector<double>{0.0, .5}));
}

TEST(Arrivals, EveryLawIsFoundUnderItsName) {
  for (const ArrivalLaw law : {ArrivalLaw::kClosed, ArrivalLaw::kConstant, ArrivalLaw::kPoisson,
                               ArrivalLaw::kGamma, ArrivalLaw::kTrace}) {
    EXPECT_EQ(arrival_law(name(law)), law);
  }
  EXPECT_EQ(arrival_law("uniform").error().code, core::ErrorCode::kUsage);
}

}  // namespace
}  // namespace ipw::profiling
