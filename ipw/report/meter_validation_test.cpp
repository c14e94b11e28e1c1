// Simulated pairs of a sensor and a meter whose errors are known: clocks apart, a gain, a drift, a
// base load that only the meter sees. The simulator shares no code with the comparison.

#include "ipw/report/meter_validation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::report {
namespace {

constexpr energy::EpochNanoseconds kStart = 1'700'000'000'000'000'000;

energy::EpochNanoseconds at(double seconds) {
  return kStart + static_cast<energy::EpochNanoseconds>(std::llround(seconds * 1e9));
}

// Power in steps of random height and length; joules up to any moment.
class Load {
 public:
  Load(core::Random& random, double seconds, double mean_step) {
    double time = 0.0;
    double joules = 0.0;
    while (time < seconds) {
      const double length = mean_step * (0.3 + 1.4 * random.unit());
      const double watts = 80.0 + 240.0 * random.unit();
      steps_.push_back({time, joules, watts});
      time += length;
      joules += watts * length;
    }
  }
  [[nodiscard]] double joules(double time) const {
    const auto after = std::ranges::upper_bound(steps_, time, {}, &Step::time);
    const Step& step = after == steps_.begin() ? steps_.front() : *std::prev(after);
    return step.joules + step.watts * (time - step.time);
  }

 private:
  struct Step {
    double time, joules, watts;
  };
  std::vector<Step> steps_;
};

struct Pair {
  PowerTrace sensor;
  energy::MeterLog meter;
};

struct Truth {
  double offset = 0.0;  // meter's clock minus the run's, s
  double gain = 1.0;    // of the sensor
  double drift = 0.0;   // of the gain, an hour
  double base = 0.0;    // W that only the meter sees
  double noise = 0.5;   // W, of each reading of the meter
  double seconds = 900.0;
};

Pair simulate(const Truth& truth, std::uint64_t seed, double sensor_period = 0.1) {
  core::Random random(seed);
  const Load load(random, truth.seconds + 200.0, 7.0);
  Pair pair;
  for (double time = 0.0; time < truth.seconds; time += sensor_period) {
    const double joules = load.joules(time + sensor_period) - load.joules(time);
    const double gain = truth.gain * (1.0 + truth.drift * (time - truth.seconds / 2.0) / 3600.0);
    pair.sensor.add(at(time), at(time + sensor_period), core::Joules(joules * gain));
  }
  double before = 20.0;
  for (double time = 21.0; time < truth.seconds - 20.0; time += 1.0) {
    const double now = time + 0.02 * random.unit();
    const double watts = (load.joules(now) - load.joules(before)) / (now - before) + truth.base +
                         truth.noise * (2.0 * random.unit() - 1.0);
    pair.meter.readings.push_back({at(now + truth.offset), core::Watts(watts)});
    before = now;
  }
  return pair;
}

TEST(ValidateSensor, FindsTheClockOffsetWithinItsBound) {
  for (const double offset : {0.0, 0.37, -4.2, 23.45, -41.0}) {
    const Pair pair = simulate({.offset = offset}, 11);
    const auto found =
        validate_sensor(pair.sensor, pair.meter, {.sensor_update = core::Seconds(0.1)});
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_NEAR(found->clock.value.count(), offset, found->clock.bound->count());
    EXPECT_LT(found->clock.bound->count(), 1.0);
    EXPECT_GT(found->clock.correlation, 0.99);
  }
}

TEST(ValidateSensor, HoldsTheTrueErrorAtItsStatedRate) {
  int within = 0;
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    const double gain = 0.9 + 0.004 * round;
    const Pair pair = simulate({.offset = 1.5, .gain = gain, .noise = 20.0, .seconds = 400.0},
                               static_cast<std::uint64_t>(100 + round));
    const auto found = validate_sensor(pair.sensor, pair.meter, {.offset = core::Seconds(1.5)});
    ASSERT_TRUE(found);
    EXPECT_NEAR(*found->error.value, gain - 1.0, 0.02);
    within += *found->error.low <= gain - 1.0 && gain - 1.0 <= *found->error.high ? 1 : 0;
  }
  EXPECT_GE(within, 52) << "of 60 at 95 %: fewer has a chance below 1 in 100";
}

TEST(ValidateSensor, FindsADriftAndNoneWhereThereIsNone) {
  const Pair drifting = simulate({.drift = 0.2, .noise = 0.1}, 3);
  const auto found = validate_sensor(drifting.sensor, drifting.meter, {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NEAR(*found->drift.value, 0.2, 0.05);
  EXPECT_GT(*found->drift.low, 0.0);
  const Pair steady = simulate({}, 4);
  const auto none = validate_sensor(steady.sensor, steady.meter, {});
  EXPECT_LE(*none->drift.low, 0.0);
  EXPECT_GE(*none->drift.high, 0.0);
}

TEST(ValidateSensor, TellsABaseLoadFromAWrongGain) {
  const Pair pair = simulate({.gain = 0.8, .base = 50.0, .noise = 0.2}, 5);
  const auto found = validate_sensor(pair.sensor, pair.meter, {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NEAR(*found->gain.value, 0.8, 0.02);
  EXPECT_NEAR(*found->at_zero.value, -0.8 * 50.0, 5.0);
  EXPECT_LT(*found->error.high, -0.2);
}

TEST(ValidateSensor, ComparesOnlyTheWindow) {
  const Pair pair = simulate({}, 6);
  const auto found =
      validate_sensor(pair.sensor, pair.meter, {.begin = at(100.0), .end = at(200.5)});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NEAR(static_cast<double>(found->samples), 99.0, 1.0);
}

TEST(ValidateSensor, LeavesOutWhatTheSensorDoesNotCover) {
  Pair pair = simulate({}, 7);
  PowerTrace holed;
  core::Random random(7);
  const Load load(random, 1100.0, 7.0);
  for (double time = 0.0; time < 900.0; time += 0.1) {
    if (time > 300.0 && time < 400.0) continue;
    holed.add(at(time), at(time + 0.1), core::Joules(load.joules(time + 0.1) - load.joules(time)));
  }
  const auto found = validate_sensor(holed, pair.meter, {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NEAR(static_cast<double>(found->samples), 859.0 - 101.0, 3.0);
  EXPECT_NEAR(*found->error.value, 0.0, 0.01);
}

TEST(ValidateSensor, SaysWhyClocksCannotBeAligned) {
  const auto why = [](const PowerTrace& sensor, const energy::MeterLog& meter) {
    const auto found = validate_sensor(sensor, meter, {});
    EXPECT_FALSE(found);
    return found ? std::string() : found.error().message;
  };
  Pair even;
  Pair periodic;
  for (int i = 0; i < 600; ++i) {
    even.sensor.add(at(i), at(i + 1), core::Joules(100.0));
    even.meter.readings.push_back({at(i), core::Watts(100.0)});
    const double watts = i / 10 % 2 == 0 ? 50.0 : 150.0;
    periodic.sensor.add(at(i), at(i + 1), core::Joules(watts));
    periodic.meter.readings.push_back({at(i + 1), core::Watts(watts)});
  }
  EXPECT_NE(why(even.sensor, even.meter).find("too even"), std::string::npos);
  EXPECT_NE(why(periodic.sensor, periodic.meter).find("repeats itself"), std::string::npos);
  const Pair one = simulate({}, 8);
  const Pair other = simulate({}, 9);
  EXPECT_NE(why(one.sensor, other.meter).find("do not go together"), std::string::npos);
  const Pair far = simulate({.offset = 5000.0}, 10);
  EXPECT_NE(why(far.sensor, far.meter).find("less than half"), std::string::npos);
}

TEST(PowerTrace, CutsInProportionAndKnowsItsGaps) {
  PowerTrace trace;
  trace.add(at(0), at(1), core::Joules(10.0));
  trace.add(at(2), at(3), core::Joules(30.0));
  trace.add(at(2.5), at(4), core::Joules(99.0));  // overlaps: left out
  const PowerTrace::Span span = trace.span(at(0.5), at(2.5));
  EXPECT_NEAR(span.energy.count(), 5.0 + 15.0, 1e-9);
  EXPECT_NEAR(span.known.count(), 1.0, 1e-9);
  EXPECT_DOUBLE_EQ(trace.span(at(-5), at(-1)).known.count(), 0.0);
  EXPECT_NEAR(trace.span(at(-5), at(50)).energy.count(), 40.0, 1e-9);
}

}  // namespace
}  // namespace ipw::report
