// Watching sensors for real: a thread samples, windows are asked for.

#include "ipw/energy/watch.h"

#include <gtest/gtest.h>

#include <chrono>

#include "ipw/energy/fake_machine_test.h"

namespace ipw::energy {
namespace {

std::unique_ptr<Sensor> constant(double watts) {
  SensorDescription sensor;
  sensor.id = "constant";
  sensor.update_period = core::Seconds(0.001);
  sensor.max_power = core::Watts(1e6);
  return std::make_unique<ScriptedSensor>(sensor, [watts](core::Instant now) {
    return watts * core::Seconds(now.time_since_epoch()).count();
  });
}

std::unique_ptr<Sensor> dead() {
  SensorDescription sensor;
  sensor.id = "dead";
  return std::make_unique<ScriptedSensor>(sensor, [](core::Instant) -> core::Result<double> {
    return core::fail(core::ErrorCode::kUnavailable, "cannot read: it is dead");
  });
}

TEST(Watch, TellsTheJoulesOfAStretchAndNothingOfADeadSensor) {
  core::SystemClock clock;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(constant(100.0));
  sensors.push_back(dead());
  Watch watch(std::move(sensors), clock);
  watch.wait(clock.now() + std::chrono::milliseconds(50), {});
  const core::Instant from = clock.now();
  watch.begin(from);
  watch.wait(from + std::chrono::milliseconds(100), {});
  const core::Instant to = clock.now();
  watch.settle(to, {});
  const auto window = watch.timeline(0).window(from, to);
  ASSERT_TRUE(window);
  const double expected = 100.0 * core::Seconds(to - from).count();
  EXPECT_NEAR(window->energy.count(), expected, 4.0 * window->uncertainty.count() + 1e-3);
  EXPECT_GT(window->coverage, 0.999);
  EXPECT_FALSE(watch.timeline(1).window(from, to));
  EXPECT_GT(watch.health()[1].errors, 0U);
}

TEST(Watch, EndsEarlyWhenStoppedAndKnowsNoIdlePowerThen) {
  core::SystemClock clock;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(constant(10.0));
  Watch watch(std::move(sensors), clock);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(watch.idle(core::Seconds(3600.0), stop.get_token())[0]);
}

TEST(Watch, HandsOnEveryReading) {
  core::SystemClock clock;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(constant(10.0));
  Watch watch(std::move(sensors), clock);
  std::uint64_t readings = 0;
  watch.on_reading([&](const Reading&) { ++readings; });
  while (readings < 20) watch.wait(clock.now() + std::chrono::milliseconds(5), {});
  EXPECT_LE(readings, watch.health()[0].samples);
}

}  // namespace
}  // namespace ipw::energy
