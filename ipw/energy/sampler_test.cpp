// Polling in time, faults, and the ring between two threads.

#include "ipw/energy/sampler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "ipw/energy/fake_machine_test.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SensorDescription meter(double period) {
  SensorDescription sensor;
  sensor.update_period = core::Seconds(period);
  return sensor;
}

std::vector<std::unique_ptr<Sensor>> one(double period, ScriptedSensor::Script script) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::make_unique<ScriptedSensor>(meter(period), std::move(script)));
  return sensors;
}

// Runs the sampler on the manual clock for as long as told.
void run_for(Sampler& sampler, ManualClock& clock, core::Instant::duration time) {
  const core::Instant end = clock.now() + time;
  while (clock.now() < end) clock.sleep_until(std::min(end, sampler.poll(clock.now())));
}

TEST(Sampler, LocatesSlowUpdatesAndPollsFastOnesNoFasterThanTheyCome) {
  for (const auto& [period, expected] : {std::pair{0.100, 20U},
                                         {0.010, 200U},
                                         {0.004, 250U},
                                         {0.002, 500U},
                                         {0.001, 1000U},
                                         {0.0001, 1000U}}) {
    ManualClock clock;
    Sampler sampler(one(period, [](core::Instant) { return 1.0; }), clock);
    run_for(sampler, clock, seconds(1));
    std::vector<Reading> readings;
    EXPECT_EQ(sampler.drain(readings), expected) << period;
  }
}

TEST(Sampler, TurnsAFailureIntoNoSampleAndRetriesMoreAndMoreRarely) {
  ManualClock clock;
  std::vector<core::Instant> tries;
  bool broken = true;
  Sampler sampler(one(0.001,
                      [&](core::Instant now) -> core::Result<double> {
                        tries.push_back(now);
                        if (broken) return core::fail(core::ErrorCode::kUnavailable, "gone");
                        return 5.0;
                      }),
                  clock);
  run_for(sampler, clock, seconds(60));
  std::vector<Reading> readings;
  EXPECT_EQ(sampler.drain(readings), 0U);
  EXPECT_LT(tries.size(), 30U);
  EXPECT_EQ(tries.at(1) - tries.at(0), milliseconds(10));
  EXPECT_EQ(tries.at(2) - tries.at(1), milliseconds(20));
  EXPECT_EQ(tries.back() - tries.at(tries.size() - 2), seconds(5));
  EXPECT_EQ(sampler.health().at(0).last_error->message, "gone");
  EXPECT_EQ(sampler.health().at(0).errors, tries.size());

  broken = false;
  run_for(sampler, clock, seconds(6));
  EXPECT_GT(sampler.drain(readings), 900U);
  EXPECT_FALSE(sampler.health().at(0).last_error);
}

TEST(Sampler, LetsNoFailingSensorHoldUpAnother) {
  ManualClock clock;
  std::vector<std::unique_ptr<Sensor>> sensors = one(0.010, [](core::Instant) { return 1.0; });
  sensors.push_back(
      std::make_unique<ScriptedSensor>(meter(0.001), [](core::Instant) -> core::Result<double> {
        return core::fail(core::ErrorCode::kUnavailable, "gone");
      }));
  Sampler sampler(std::move(sensors), clock);
  run_for(sampler, clock, seconds(1));
  std::vector<Reading> readings;
  EXPECT_EQ(sampler.drain(readings), 200U);
}

TEST(Sampler, DoesNotMakeUpForAStallByABurst) {
  ManualClock clock;
  Sampler sampler(one(0.010, [](core::Instant) { return 1.0; }), clock);
  run_for(sampler, clock, milliseconds(50));
  clock.sleep_until(clock.now() + seconds(10));
  std::vector<Reading> readings;
  sampler.drain(readings);
  readings.clear();
  run_for(sampler, clock, milliseconds(50));
  EXPECT_LE(sampler.drain(readings), 11U);
}

TEST(Sampler, DropsAndCountsWhereNobodyDrains) {
  ManualClock clock;
  Sampler sampler(one(0.001, [](core::Instant) { return 1.0; }), clock);
  run_for(sampler, clock, seconds(70));
  EXPECT_EQ(sampler.dropped(), 70'000U - Sampler::kRingSize);
  std::vector<Reading> readings;
  EXPECT_EQ(sampler.drain(readings), Sampler::kRingSize);
  run_for(sampler, clock, seconds(1));
  EXPECT_EQ(sampler.drain(readings), 1000U);
}

TEST(Sampler, HandsSamplesOverInOrderBetweenThreads) {
  core::SystemClock clock;
  double count = 0.0;
  Sampler sampler(one(0.001, [&](core::Instant) { return ++count; }), clock);
  sampler.start();
  std::vector<Reading> readings;
  while (readings.size() < 100) {
    sampler.drain(readings);
    (void)sampler.health();
    clock.sleep_until(clock.now() + milliseconds(1));
  }
  sampler.stop();
  sampler.drain(readings);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    EXPECT_DOUBLE_EQ(readings[i].sample.counter.count(), static_cast<double>(i + 1));
  }
  const std::size_t before = readings.size();
  sampler.start();  // again, after a stop
  while (readings.size() < before + 5) {
    sampler.drain(readings);
    clock.sleep_until(clock.now() + milliseconds(1));
  }
}

TEST(Sampler, StartsAndStopsWithoutSensors) {
  core::SystemClock clock;
  Sampler sampler({}, clock);
  sampler.start();
  sampler.stop();
  std::vector<Reading> readings;
  EXPECT_EQ(sampler.drain(readings), 0U);
}

}  // namespace
}  // namespace ipw::energy
