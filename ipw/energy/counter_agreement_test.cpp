// Counters beside powers whose ratio is known by construction.

#include "ipw/energy/counter_agreement.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/nvml.h"

namespace ipw::energy {
namespace {

core::Instant ms(int count) { return core::Instant(std::chrono::milliseconds(count)); }

SensorDescription description() {
  SensorDescription result;
  result.id = "scripted";
  result.update_period = core::Seconds(0.02);
  return result;
}

// Read every millisecond; the counter shows 90 J a second in steps of 20 ms.
Sample stepped(int at, double watts = 90.0, std::uint32_t epoch = 0) {
  return {ms(at), core::Joules(watts * 0.02 * std::floor(at / 20.0)), epoch};
}

TEST(CounterAgreement, IsTheRatioOfBothSumsOverTheSameUpdates) {
  AgreementWatch watch;
  for (int at = 7; at <= 1007; ++at) watch.add(description(), stepped(at), core::Watts(100.0));
  const CounterAgreement found = watch.take();
  ASSERT_TRUE(found.ratio());
  EXPECT_NEAR(*found.ratio(), 0.9, 1e-9);
  EXPECT_EQ(found.updates, 49);  // from the one at 20 ms to the one at 1,000 ms
  EXPECT_NEAR(found.duration.count(), 0.98, 1e-9);
}

TEST(CounterAgreement, OfOneWindowKnowsNothingOfTheOneBefore) {
  AgreementWatch watch;
  double joules = 0.0;
  const auto draw = [&](int from, int to, double counted, double told) {
    for (int at = from; at < to; at += 10) {
      watch.add(description(), {ms(at), core::Joules(joules)}, core::Watts(told));
      joules += 0.01 * counted;
    }
  };
  draw(0, 1000, 50.0, 50.0);
  EXPECT_NEAR(*watch.take().ratio(), 1.0, 1e-9);
  draw(1000, 1010, 300.0, 300.0);
  draw(1010, 2000, 300.0, 250.0);
  const CounterAgreement busy = watch.take();
  EXPECT_NEAR(*busy.ratio(), 1.2, 0.002);
  EXPECT_FALSE(watch.take().ratio()) << "nothing came since";
}

TEST(CounterAgreement, LeavesOutResetsAndStretchesWithoutPower) {
  AgreementWatch watch;
  for (int at = 0; at < 400; ++at) watch.add(description(), stepped(at), core::Watts(100.0));
  for (int at = 400; at < 500; ++at) watch.add(description(), stepped(at), std::nullopt);
  for (int at = 500; at < 900; ++at) watch.add(description(), stepped(at, 45.0), core::Watts(50.0));
  for (int at = 900; at < 1200; ++at) {
    watch.add(description(), stepped(at, 45.0, 1), core::Watts(50.0));
  }
  const CounterAgreement found = watch.take();
  EXPECT_NEAR(*found.ratio(), 0.9, 1e-9);
  EXPECT_LT(found.duration.count(), 1.1);
  EXPECT_GT(found.duration.count(), 0.9);
}

TEST(CounterAgreement, IsUnknownBelowThreeUpdatesOrWithoutPower) {
  AgreementWatch watch;
  for (int at = 7; at <= 67; ++at) watch.add(description(), stepped(at), core::Watts(100.0));
  EXPECT_FALSE(watch.take().ratio()) << "two updates bound a time; a third shows that it is one";
  for (int at = 67; at <= 400; ++at) watch.add(description(), stepped(at), std::nullopt);
  EXPECT_FALSE(watch.take().ratio());
}

// NVML's total energy against its instant power, by a library with the same ABI.
TEST(CounterAgreement, IsFollowedWhileASensorIsRead) {
  const FakeMachine machine;
  const auto draw = [&](int millijoules, int milliwatts) {
    const auto path = machine.write(
        "nvml.txt", "gpu GPU-1111 " + std::to_string(millijoules) + " 0 0\npower GPU-1111 " +
                        std::to_string(milliwatts) + "\ngpu GPU-2222 1 0 0\n");
    ::setenv("IPW_NVML_STUB_SCRIPT", path.c_str(), 1);
  };
  draw(0, 200'000);
  Probe probe = probe_nvml({{IPW_NVML_STUB}, std::nullopt});
  ASSERT_EQ(probe.sensors.size(), 2U);
  EXPECT_TRUE(tells_both(*probe.sensors[0]));
  EXPECT_FALSE(tells_both(*probe.sensors[1])) << "it tells no power";

  const auto watch = std::make_shared<AgreementWatch>();
  const auto sensor = followed(std::move(probe.sensors[0]), watch);
  EXPECT_EQ(sensor->describe().id, "nvml:GPU-1111");
  for (int at = 0; at <= 2000; at += 50) {
    draw(210 * at, 200'000);  // the counter sees 210 W
    ASSERT_TRUE(sensor->read(ms(at)));
  }
  const CounterAgreement found = watch->take();
  EXPECT_NEAR(*found.ratio(), 1.05, 1e-9);
  EXPECT_EQ(found.updates, 39) << "the first one begins the window";
}

}  // namespace
}  // namespace ipw::energy
