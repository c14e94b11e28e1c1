// Wrap or reset, by hand.

#include "ipw/energy/counter.h"

#include <gtest/gtest.h>

#include <chrono>

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

SensorDescription rapl() {
  SensorDescription sensor;
  sensor.wrap_range = core::Joules(262143.328850);
  sensor.max_power = core::Watts(1000.0);
  sensor.resolution = core::Joules(0x1.0p-14);
  return sensor;
}

Sample at(int ms, double joules, std::uint32_t epoch = 1) {
  return {core::Instant(milliseconds(ms)), core::Joules(joules), epoch};
}

TEST(CounterDelta, IsTheDifferenceWhereTheCounterWentForward) {
  const CounterDelta delta = counter_delta(rapl(), at(0, 100.0), at(10, 101.5));
  EXPECT_EQ(delta.step, CounterStep::kAdvance);
  EXPECT_DOUBLE_EQ(delta.energy.count(), 1.5);
}

TEST(CounterDelta, AddsTheRangeWhereTheCounterWrapped) {
  const CounterDelta delta = counter_delta(rapl(), at(0, 262143.0), at(10, 0.671150));
  EXPECT_EQ(delta.step, CounterStep::kWrap);
  EXPECT_NEAR(delta.energy.count(), 1.0, 1e-9);
}

TEST(CounterDelta, TakesATransientZeroForAResetAndNotForAWholeRange) {
  EXPECT_EQ(counter_delta(rapl(), at(0, 100000.0), at(1000, 0.0)).step, CounterStep::kReset);
  EXPECT_EQ(counter_delta(rapl(), at(0, 0.0), at(1000, 100000.0)).step, CounterStep::kReset);
  EXPECT_EQ(counter_delta(rapl(), at(0, 100000.0), at(1000, 0.0)).energy.count(), 0.0);
}

TEST(CounterDelta, NeverWrapsACounterThatHasNoRange) {
  SensorDescription gpu = rapl();
  gpu.wrap_range.reset();
  EXPECT_EQ(counter_delta(gpu, at(0, 5.0), at(1000, 4.9)).step, CounterStep::kReset);
}

TEST(CounterDelta, IsUnknownAcrossEpochsEvenWhenTheCounterGrew) {
  EXPECT_EQ(counter_delta(rapl(), at(0, 1.0, 1), at(1000, 2.0, 2)).step, CounterStep::kReset);
}

TEST(CounterDelta, IsUnknownWhereTheCounterCouldHaveWrappedUnseen) {
  // 1 kW fills the range in 262 s.
  EXPECT_EQ(counter_delta(rapl(), at(0, 1.0), at(200'000, 2.0)).step, CounterStep::kAdvance);
  EXPECT_EQ(counter_delta(rapl(), at(0, 1.0), at(263'000, 2.0)).step, CounterStep::kReset);
}

TEST(CounterDelta, IsUnknownWhereTheReadingBeforeLayBeyondTheRange) {
  SensorDescription sensor = rapl();
  EXPECT_EQ(counter_delta(sensor, at(0, 262144.0), at(10, 0.1)).step, CounterStep::kReset);
}

}  // namespace
}  // namespace ipw::energy
