// Watching scripted sensors whose true period, step and power are known.

#include "ipw/energy/characterise.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/power_sensor.h"

namespace ipw::energy {
namespace {

double seconds(core::Instant at) { return core::Seconds(at.time_since_epoch()).count(); }

SensorDescription nominal(double period) {
  SensorDescription result;
  result.id = "scripted";
  result.update_period = core::Seconds(period);
  return result;
}

// A counter that follows `watts` and shows it every `period` seconds; it tells `told` watts.
class Counter final : public Sensor {
 public:
  Counter(SensorDescription description, double period, double watts, double told)
      : description_(std::move(description)), period_(period), watts_(watts), told_(told) {}
  [[nodiscard]] SensorDescription describe() const override { return description_; }
  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    const double shown = period_ * std::floor(seconds(now) / period_ + 1e-9);
    return Sample{now, core::Joules(watts_ * shown)};
  }
  [[nodiscard]] core::Result<core::Watts> power() override {
    if (told_ <= 0.0) return Sensor::power();
    return core::Watts(told_);
  }

 private:
  SensorDescription description_;
  double period_;
  double watts_;
  double told_;
};

SensorDescription watched(std::unique_ptr<Sensor> sensor) {
  ManualClock clock;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::move(sensor));
  characterise(sensors, clock);
  return sensors[0]->describe();
}

TEST(Characterise, SeesTheRealPeriodOfASlowCounter) {
  const SensorDescription seen = watched(std::make_unique<Counter>(nominal(0.1), 0.02, 50.0, 0.0));
  ASSERT_TRUE(seen.seen);
  ASSERT_TRUE(seen.seen->update_period);
  EXPECT_NEAR(seen.seen->update_period->count(), 0.02, 1e-6);
  EXPECT_FALSE(seen.seen->period_is_bound);
  EXPECT_NEAR(seen.update_period.count(), 0.02, 1e-6) << "the sampler polls by it";
  ASSERT_TRUE(seen.seen->smallest_step);
  EXPECT_NEAR(seen.seen->smallest_step->count(), 1.0, 1e-6);
  EXPECT_FALSE(seen.seen->counter_over_power);
  EXPECT_NEAR(seen.seen->watched.count(), 0.3, 0.002);
}

TEST(Characterise, KeepsTheStatedPeriodWhereItCannotSeeFaster) {
  const SensorDescription seen =
      watched(std::make_unique<Counter>(nominal(0.0005), 0.0005, 50.0, 0.0));
  ASSERT_TRUE(seen.seen && seen.seen->update_period);
  EXPECT_TRUE(seen.seen->period_is_bound);
  EXPECT_EQ(seen.update_period, core::Seconds(0.0005));
  EXPECT_LT(seen.seen->watched.count(), 0.1) << "twenty updates are enough";
}

TEST(Characterise, CorrectsASensorThatIsFasterThanStated) {
  const SensorDescription seen =
      watched(std::make_unique<Counter>(nominal(0.1), 0.0005, 50.0, 0.0));
  EXPECT_NEAR(seen.update_period.count(), 0.001, 1e-6);
}

TEST(Characterise, ComparesTheCounterWithThePowerThatTheDeviceTells) {
  const SensorDescription seen =
      watched(std::make_unique<Counter>(nominal(0.1), 0.02, 90.0, 100.0));
  ASSERT_TRUE(seen.seen->counter_over_power);
  EXPECT_NEAR(*seen.seen->counter_over_power, 0.9, 1e-6);
}

TEST(Characterise, SaysNothingAboutACounterThatStandsStill) {
  const SensorDescription seen = watched(std::make_unique<Counter>(nominal(0.1), 0.1, 0.0, 0.0));
  EXPECT_EQ(seen.seen->updates, 0);
  EXPECT_FALSE(seen.seen->update_period);
  EXPECT_EQ(seen.update_period, core::Seconds(0.1));
}

TEST(Characterise, SeesTheUpdatesOfThePowerBehindAnIntegratedCounter) {
  auto now = std::make_shared<double>(0.0);
  const SensorDescription seen =
      watched(power_sensor(nominal(0.1), [now]() -> core::Result<core::Watts> {
        *now += 0.0005;  // two calls for each reading, a millisecond apart
        return core::Watts(100.0 + std::floor(*now / 0.01 + 1e-9));
      }));
  ASSERT_TRUE(seen.seen->update_period);
  EXPECT_NEAR(seen.seen->update_period->count(), 0.01, 0.0011);
}

TEST(Characterise, DoesNotWaitForAModelOfTheWork) {
  SensorDescription description = nominal(0.004);
  description.sees_idle = false;
  const SensorDescription seen = watched(std::make_unique<Counter>(description, 0.01, 5.0, 0.0));
  EXPECT_NEAR(seen.seen->watched.count(), 0.05, 0.002);
  EXPECT_EQ(seen.update_period, core::Seconds(0.004)) << "the work sets the pace, not the sensor";
}

TEST(Characterise, CountsOnlyReadingsThatSucceed) {
  ManualClock clock;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(
      std::make_unique<ScriptedSensor>(nominal(0.01), [](core::Instant) -> core::Result<double> {
        return core::fail(core::ErrorCode::kPermissionDenied, "no");
      }));
  characterise(sensors, clock);
  EXPECT_EQ(sensors[0]->describe().seen->readings, 0);
  EXPECT_FALSE(sensors[0]->describe().seen->reading_time);
}

struct Stillness {
  const char* name;
  Scope scope;
  bool integrated;
  double period;
  std::int64_t readings;
  std::int64_t updates;
  double counted;  // J
  bool still;
  double told_after = 0.0;
  bool sees_idle = true;
};

class StandsStill : public testing::TestWithParam<Stillness> {};

TEST_P(StandsStill, OnlyWhatAlwaysDrawsAndWasWatchedLongEnough) {
  SensorDescription sensor = nominal(GetParam().period);
  sensor.scope = GetParam().scope;
  sensor.integrated = GetParam().integrated;
  sensor.told_after = core::Seconds(GetParam().told_after);
  sensor.sees_idle = GetParam().sees_idle;
  EXPECT_FALSE(stands_still(sensor)) << "nobody watched it";
  sensor.seen = Characterisation{.watched = core::Seconds(0.3),
                                 .readings = GetParam().readings,
                                 .updates = GetParam().updates,
                                 .counted = core::Joules(GetParam().counted)};
  EXPECT_EQ(stands_still(sensor), GetParam().still);
}

INSTANTIATE_TEST_SUITE_P(
    Sensors, StandsStill,
    testing::Values(
        Stillness{"PackageThatCounts", Scope::kPackage, false, 0.001, 300, 290, 15, false},
        Stillness{"PackageThatStands", Scope::kPackage, false, 0.001, 300, 0, 0, true},
        Stillness{"PackageThatWasReset", Scope::kPackage, false, 0.001, 300, 1, 0, false},
        Stillness{"PackageReadTooSeldom", Scope::kPackage, false, 0.001, 5, 0, 0, false},
        Stillness{"SlowPackage", Scope::kPackage, false, 0.1, 300, 0, 0, false},
        Stillness{"MemoryMayDrawNothing", Scope::kDram, false, 0.001, 300, 0, 0, false},
        Stillness{"GpuMaySleep", Scope::kBoard, false, 0.001, 300, 0, 0, false},
        Stillness{"ModuleOfNoWatts", Scope::kModule, true, 0.1, 300, 0, 0, true},
        Stillness{"WallOfNoWatts", Scope::kWall, true, 1.0, 300, 0, 0, true},
        Stillness{"WallOfConstantWatts", Scope::kWall, true, 1.0, 300, 0, 30, false},
        Stillness{"WallInWattHours", Scope::kWall, false, 0.01, 300, 0, 0, false},
        Stillness{"FromADaemon", Scope::kPackage, false, 0.001, 300, 0, 0, false, 0.3},
        Stillness{"AModelOfTheWork", Scope::kPackage, true, 0.01, 300, 0, 0, false, 0, false}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace ipw::energy
