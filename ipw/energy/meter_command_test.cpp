// An external meter by a real child process, and its lines.

#include "ipw/energy/meter_command.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "ipw/energy/fake_machine_test.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

TEST(MeterLine, TakesWattsAndJoulesInTheirUsualUnits) {
  EXPECT_DOUBLE_EQ(parse_meter_line("12.5")->value, 12.5);
  EXPECT_DOUBLE_EQ(parse_meter_line(" 12.5 W \r")->value, 12.5);
  EXPECT_DOUBLE_EQ(parse_meter_line("1.5kW")->value, 1500.0);
  EXPECT_DOUBLE_EQ(parse_meter_line("250 mW")->value, 0.25);
  const MeterLine energy = parse_meter_line("0.5 kWh").value();
  EXPECT_EQ(energy.quantity, MeterLine::Quantity::kEnergy);
  EXPECT_DOUBLE_EQ(energy.value, 1.8e6);
  for (const char* bad : {"", "W", "-1 W", "nan", "inf W", "12 V", "12 W 13 W", "1e999", "12,5"}) {
    EXPECT_FALSE(parse_meter_line(bad)) << bad;
  }
}

TEST(MeterCommand, IntegratesWattsUntilTheMeterFallsSilent) {
  const Probe probe = probe_meter_command("echo '# warming up'; echo 100 W; exec sleep 60");
  ASSERT_EQ(probe.sensors.size(), 1U) << probe.findings.at(0).detail;
  Sensor& sensor = *probe.sensors[0];
  EXPECT_EQ(sensor.describe().scope, Scope::kWall);
  const auto first = sensor.read(ms(0));
  ASSERT_TRUE(first);
  EXPECT_NEAR(sensor.read(ms(1000))->counter.count(), 100.0, 1e-9);
  EXPECT_EQ(sensor.read(ms(6000)).error().code, core::ErrorCode::kUnavailable)
      << "an old figure is not held for ever";
}

TEST(MeterCommand, TakesJoulesForACounter) {
  const Probe probe = probe_meter_command("echo 5 kJ; exec sleep 60");
  ASSERT_EQ(probe.sensors.size(), 1U);
  EXPECT_FALSE(probe.sensors[0]->describe().integrated);
  EXPECT_DOUBLE_EQ(probe.sensors[0]->read(ms(1))->counter.count(), 5000.0);
}

TEST(MeterCommand, StartsACommandThatEndedAgainInAnotherEpoch) {
  const Probe probe = probe_meter_command("echo 7 J");
  ASSERT_EQ(probe.sensors.size(), 1U);
  Sensor& sensor = *probe.sensors[0];
  bool failed = false;
  std::uint32_t epoch = 0;
  for (int i = 0; i < 2000 && epoch == 0; ++i) {
    const auto sample = sensor.read(ms(i));
    failed |= !sample.has_value();
    if (sample) epoch = sample->epoch;
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_TRUE(failed) << "the end is told";
  EXPECT_GT(epoch, 0U);
}

TEST(MeterCommand, SaysWhatIsWrongWithACommandThatIsNoMeter) {
  const Probe none = probe_meter_command("");
  EXPECT_EQ(none.findings.at(0).status, Finding::Status::kAbsent);
  const Probe words = probe_meter_command("echo hello; exec sleep 60");
  EXPECT_TRUE(words.sensors.empty());
  EXPECT_NE(words.findings.at(0).detail.find("hello"), std::string::npos);
  const Probe silent = probe_meter_command("exec sleep 60", core::Seconds(0.05));
  EXPECT_NE(silent.findings.at(0).detail.find("printed no line"), std::string::npos);
  EXPECT_TRUE(probe_meter_command("exit 3").sensors.empty());
}

}  // namespace
}  // namespace ipw::energy
