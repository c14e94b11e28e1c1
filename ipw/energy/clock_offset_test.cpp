#include "ipw/energy/clock_offset.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "ipw/core/random.h"

namespace ipw::energy {
namespace {

using namespace std::chrono_literals;

core::Instant at(std::chrono::nanoseconds since) { return core::Instant(since); }

double seconds(core::Instant::duration span) { return core::Seconds(span).count(); }

TEST(ClockOffset, KnowsNothingBeforeTheFirstExchange) { EXPECT_FALSE(ClockOffset().at(at(1s))); }

TEST(ClockOffset, OneExchangeIsAsGoodAsHalfItsRoundTrip) {
  ClockOffset offset;
  EXPECT_TRUE(offset.add({at(10s), at(110s + 3ms), at(10s + 8ms)}));
  const auto found = offset.at(at(10s + 8ms));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->offset, 100s - 1ms);  // between 110.003 − 10.008 and 110.003 − 10
  EXPECT_NEAR(found->bound.count(), 0.004, 1e-8);
}

TEST(ClockOffset, TheQuickestExchangeDecidesAndTimeWidensTheBound) {
  ClockOffset offset;
  EXPECT_TRUE(offset.add({at(10s), at(60s), at(10s + 80ms)}));
  EXPECT_TRUE(offset.add({at(11s), at(61s + 100us), at(11s + 200us)}));
  EXPECT_TRUE(offset.add({at(12s), at(62s + 5ms), at(12s + 90ms)}));
  EXPECT_NEAR(seconds(offset.at(at(12s + 90ms))->offset), 50.0, 1e-6);
  const double early = offset.at(at(13s))->bound.count();
  EXPECT_LT(early, 0.0006);
  EXPECT_NEAR(offset.at(at(23s))->bound.count() - early, 10 * ClockOffset::kDrift, 1e-7);
}

TEST(ClockOffset, ForgetsWhatAStepOfAClockContradicts) {
  ClockOffset offset;
  EXPECT_TRUE(offset.add({at(10s), at(60s), at(10s + 1ms)}));
  EXPECT_FALSE(offset.add({at(11s), at(1061s), at(11s + 1ms)}));
  EXPECT_NEAR(seconds(offset.at(at(11s + 1ms))->offset), 1050.0, 0.001);
  EXPECT_TRUE(offset.add({at(12s), at(1062s), at(12s + 1ms)}));
}

TEST(ClockOffset, IgnoresAnAnswerBeforeItsQuestion) {
  ClockOffset offset;
  EXPECT_TRUE(offset.add({at(10s), at(60s), at(9s)}));
  EXPECT_FALSE(offset.at(at(10s)));
}

// The bound is a promise: with one-sided delays, outliers and clocks that drift at the allowed rate
// the true offset never leaves it.
TEST(ClockOffset, TheBoundHoldsTheTruthUnderRandomDelaysAndDrift) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
    core::Random random(core::derive_seed(seed, "clock-offset"));
    const double rate = ClockOffset::kDrift * (2 * random.unit() - 1) * 0.99;
    const double base = 1000.0 * random.unit();
    const auto truth = [&](double ours) { return base + rate * ours; };
    const auto instant = [](double s) {
      return at(std::chrono::nanoseconds(std::llround(s * 1e9)));
    };
    ClockOffset offset;
    double now = 5.0;
    for (int i = 0; i < 500; ++i) {
      now += 2 * random.unit();
      const double there = 0.0001 + 0.01 * std::pow(random.unit(), 6);
      const double back = 0.0001 + 0.01 * std::pow(random.unit(), 6);
      const double read = now + there;
      ASSERT_TRUE(offset.add({instant(now), instant(read + truth(read)), instant(read + back)}));
      now = read + back;
      const double later = now + random.unit();
      const auto found = offset.at(instant(later));
      ASSERT_LE(std::abs(seconds(found->offset) - truth(later)), found->bound.count() + 1e-7)
          << "seed " << seed << ", exchange " << i;
    }
    EXPECT_LT(offset.at(instant(now))->bound.count(), 0.003);
  }
}

}  // namespace
}  // namespace ipw::energy
