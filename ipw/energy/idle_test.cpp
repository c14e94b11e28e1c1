// Idle power with its standard error.

#include "ipw/energy/idle.h"

#include <gtest/gtest.h>

#include <chrono>

#include "ipw/core/random.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

SensorDescription meter() {
  SensorDescription sensor;
  sensor.id = "test";
  sensor.update_period = core::Seconds(0.010);
  return sensor;
}

TEST(IdlePower, IsTheMeanOfASteadyPower) {
  Timeline timeline(meter());
  for (int i = 0; i <= 200; ++i) timeline.add({ms(10 * i), core::Joules(0.5 * i)});
  const auto idle = idle_power(timeline, ms(0), ms(2000));
  ASSERT_TRUE(idle) << idle.error().message;
  EXPECT_NEAR(idle->mean.count(), 50.0, 1e-6);
  EXPECT_NEAR(idle->standard_error.count(), 0.0, 1e-6);
  EXPECT_EQ(idle->updates, 200);
}

TEST(IdlePower, HasAStandardErrorThatHoldsTheTruthAboutAsOftenAsItShould) {
  core::Random random(5);
  int held = 0;
  for (int round = 0; round < 400; ++round) {
    Timeline timeline(meter());
    double joules = 0.0;
    for (int i = 0; i <= 320; ++i) {
      timeline.add({ms(10 * i), core::Joules(joules)});
      joules += 0.5 + 0.4 * (random.unit() - 0.5);
    }
    const auto idle = idle_power(timeline, ms(-5), ms(3200));
    ASSERT_TRUE(idle);
    held += std::abs(idle->mean.count() - 50.0) <= 2.13 * idle->standard_error.count() ? 1 : 0;
  }
  EXPECT_NEAR(held / 400.0, 0.95, 0.035);  // Student's t with 15 degrees of freedom
}

TEST(IdlePower, IsNothingWhereAModelOfWorkSawNone) {
  SensorDescription model = meter();
  model.sees_idle = false;
  Timeline timeline(model);
  for (int i = 0; i <= 200; ++i) timeline.add({ms(10 * i), core::Joules(7.0)});
  const auto idle = idle_power(timeline, ms(0), ms(2000));
  ASSERT_TRUE(idle) << idle.error().message;
  EXPECT_EQ(idle->mean.count(), 0.0);
  EXPECT_EQ(idle->standard_error.count(), 0.0);
}

TEST(IdlePower, IsRefusedWhereThereWereTooFewUpdates) {
  Timeline timeline(meter());
  for (int i = 0; i <= 3; ++i) timeline.add({ms(10 * i), core::Joules(0.5 * i)});
  const auto idle = idle_power(timeline, ms(0), ms(300));
  ASSERT_FALSE(idle);
  EXPECT_EQ(idle.error().code, core::ErrorCode::kUnavailable);
  EXPECT_FALSE(idle_power(timeline, ms(30), ms(30)));
}

}  // namespace
}  // namespace ipw::energy
