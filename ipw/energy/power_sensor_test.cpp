// Watts that become joules: the trapezoid, gaps and what is not believed.

#include "ipw/energy/power_sensor.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <vector>

#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

SensorDescription description() {
  SensorDescription result;
  result.id = "power:test";
  result.update_period = core::Seconds(0.1);
  result.max_power = core::Watts(500.0);
  return result;
}

// A sensor over a power that the test sets.
struct Device {
  core::Result<core::Watts> power = core::Watts(0.0);
  std::unique_ptr<Sensor> sensor = power_sensor(description(), [this] { return power; });
  core::Result<Sample> read(int at, double watts) {
    power = core::Watts(watts);
    return sensor->read(ms(at));
  }
};

TEST(PowerIntegrator, AddsTrapezoids) {
  PowerIntegrator integrator(core::Seconds(1.0));
  EXPECT_EQ(integrator.add(ms(0), core::Watts(100.0)).counter, core::Joules(0.0));
  EXPECT_NEAR(integrator.add(ms(500), core::Watts(200.0)).counter.count(), 75.0, 1e-9);
  EXPECT_NEAR(integrator.add(ms(1000), core::Watts(200.0)).counter.count(), 175.0, 1e-9);
}

TEST(PowerIntegrator, TakesAReadingThatIsNotLaterForTheOneBefore) {
  PowerIntegrator integrator(core::Seconds(1.0));
  (void)integrator.add(ms(0), core::Watts(100.0));
  const Sample last = integrator.add(ms(100), core::Watts(100.0));
  const Sample again = integrator.add(ms(50), core::Watts(400.0));
  EXPECT_EQ(again.at, last.at);
  EXPECT_EQ(again.counter, last.counter);
}

TEST(PowerIntegrator, BeginsAnEpochAfterAGapAndAfterALoss) {
  PowerIntegrator integrator(core::Seconds(1.0));
  const Sample first = integrator.add(ms(0), core::Watts(100.0));
  const Sample later = integrator.add(ms(1500), core::Watts(100.0));
  EXPECT_GT(later.epoch, first.epoch);
  EXPECT_EQ(later.counter, first.counter) << "nobody saw what was used in between";
  integrator.lose();
  EXPECT_GT(integrator.add(ms(1600), core::Watts(100.0)).epoch, later.epoch);
}

TEST(PowerSensor, GivesTheTimelineWhatTheDeviceUsedAndNothingForTheGap) {
  Device device;
  Timeline timeline(device.sensor->describe());
  for (int at = 0; at <= 1000; at += 50) timeline.add(device.read(at, 200.0).value());
  for (int at = 3000; at <= 4000; at += 50) timeline.add(device.read(at, 200.0).value());
  const auto before = timeline.window(ms(0), ms(1000));
  ASSERT_TRUE(before);
  EXPECT_NEAR(before->energy.count(), 200.0, 1e-6);
  EXPECT_NEAR(before->coverage, 1.0, 1e-9);
  EXPECT_FALSE(timeline.window(ms(1100), ms(2900)));
  const auto all = timeline.window(ms(0), ms(4000));
  ASSERT_TRUE(all);
  EXPECT_NEAR(all->energy.count(), 400.0, 1e-6);
  EXPECT_NEAR(all->coverage, 0.5, 1e-9);
}

TEST(PowerSensor, KnowsThatADeviceThatSleepsUsesNothing) {
  Device device;
  Timeline timeline(device.sensor->describe());
  for (int at = 0; at <= 1000; at += 50) timeline.add(device.read(at, 0.0).value());
  for (int at = 1050; at <= 2000; at += 50) timeline.add(device.read(at, 100.0).value());
  const auto asleep = timeline.window(ms(0), ms(1000));
  ASSERT_TRUE(asleep);
  EXPECT_EQ(asleep->energy, core::Joules(0.0)) << "the work after it is not smeared over it";
  EXPECT_NEAR(asleep->coverage, 1.0, 1e-9);
}

TEST(PowerSensor, BridgesOneFailedReadingAndNotALongAbsence) {
  Device device;
  const auto first = device.read(0, 100.0);
  device.power = core::fail(core::ErrorCode::kPermissionDenied, "no more");
  EXPECT_EQ(device.sensor->read(ms(100)).error().code, core::ErrorCode::kPermissionDenied);
  const auto second = device.read(200, 100.0);
  EXPECT_EQ(second->epoch, first->epoch);
  EXPECT_NEAR(second->counter.count(), 20.0, 1e-9);
  device.power = core::fail(core::ErrorCode::kUnavailable, "gone");
  for (int at = 300; at < 2000; at += 100) EXPECT_FALSE(device.sensor->read(ms(at)));
  EXPECT_GT(device.read(2000, 100.0)->epoch, first->epoch);
}

TEST(PowerSensor, DoesNotBelieveWhatCannotBe) {
  Device device;
  for (const double watts : {-1.0, 501.0, 1e300, std::nan("")}) {
    const auto sample = device.read(0, watts);
    ASSERT_FALSE(sample) << watts;
    EXPECT_EQ(sample.error().code, core::ErrorCode::kInvalidData);
  }
}

}  // namespace
}  // namespace ipw::energy
