// Chips of hwmon, Grace, Jetson and batteries over trees of files that are laid out as Linux does.
// This proves parsing, keys, choice and resilience, not the hardware.

#include "ipw/energy/hwmon.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "ipw/energy/battery.h"
#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/grace.h"
#include "ipw/energy/hwmon_tree.h"
#include "ipw/energy/ina3221.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

// A chip as the kernel shows it: a folder below its device, and a link in the class.
std::string chip(const FakeMachine& machine, int number, const std::string& device,
                 const std::string& name) {
  const std::string device_folder = "sys/devices/bus/" + device;
  const std::string folder = device_folder + "/hwmon/hwmon" + std::to_string(number);
  machine.write(folder + "/name", name + "\n");
  std::filesystem::create_directory_symlink(machine.root() / device_folder,
                                            machine.root() / folder / "device");
  const auto tree = machine.root() / "sys/class/hwmon";
  std::filesystem::create_directories(tree);
  std::filesystem::create_directory_symlink(machine.root() / folder,
                                            tree / ("hwmon" + std::to_string(number)));
  return folder + "/";
}

void unplug(const FakeMachine& machine, int number, const std::string& device) {
  std::filesystem::remove(machine.root() / ("sys/class/hwmon/hwmon" + std::to_string(number)));
  std::filesystem::remove_all(machine.root() / "sys/devices/bus" / device);
}

Probe probe(const FakeMachine& machine, std::vector<std::string> named = {}) {
  return probe_hwmon({machine.root(), nullptr, std::move(named)});
}

std::map<std::string, SensorDescription> by_id(const Probe& probe) {
  std::map<std::string, SensorDescription> result;
  for (const auto& sensor : probe.sensors) result[sensor->describe().id] = sensor->describe();
  return result;
}

TEST(Hwmon, TakesTheCardOfAnIntelGpuAndNotWhatIsInsideIt) {
  const FakeMachine machine;
  const std::string at = chip(machine, 3, "0000:03:00.0", "xe");
  machine.write(at + "energy1_input", "5000000\n");
  machine.write(at + "energy1_label", "card\n");
  machine.write(at + "energy2_input", "4000000\n");
  machine.write(at + "energy2_label", "pkg\n");
  const Probe found = probe(machine);
  ASSERT_EQ(found.sensors.size(), 1U);
  const SensorDescription description = found.sensors[0]->describe();
  EXPECT_EQ(description.id, "hwmon:xe:0000:03:00.0/energy1");
  EXPECT_EQ(description.provenance.method, "hwmon-energy");
  EXPECT_EQ(description.domain, "gpu/0000:03:00.0");
  EXPECT_DOUBLE_EQ(found.sensors[0]->read(ms(1))->counter.count(), 5.0);
}

TEST(Hwmon, FollowsAGpuThatReturnsUnderAnotherNumber) {
  const FakeMachine machine;
  const std::string at = chip(machine, 3, "0000:03:00.0", "i915");
  const auto energy = machine.write(at + "energy1_input", "5000000\n");
  const Probe found = probe(machine);
  ASSERT_EQ(found.sensors.size(), 1U);
  Sensor& sensor = *found.sensors[0];
  const auto before = sensor.read(ms(0));
  ASSERT_TRUE(before);

  std::filesystem::resize_file(energy, 0);  // what an open file of a removed device answers like
  unplug(machine, 3, "0000:03:00.0");
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(sensor.read(ms(i)).error().code, core::ErrorCode::kUnavailable);
  }
  machine.write(chip(machine, 3, "0000:81:00.0", "i915") + "energy1_input", "77000000\n");
  EXPECT_FALSE(sensor.read(ms(5))) << "hwmon3 is another GPU now";

  machine.write(chip(machine, 7, "0000:03:00.0", "i915") + "energy1_input", "6000000\n");
  const auto after = sensor.read(ms(10));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_DOUBLE_EQ(after->counter.count(), 6.0);
  EXPECT_GT(after->epoch, before->epoch);
  Timeline timeline(sensor.describe());
  timeline.add(*before);
  timeline.add(*after);
  EXPECT_FALSE(timeline.window(ms(0), ms(9))) << "the gap is unknown";
}

TEST(Hwmon, IntegratesThePowerOfAnAmdGpu) {
  const FakeMachine machine;
  const std::string at = chip(machine, 1, "0000:0b:00.0", "amdgpu");
  machine.write(at + "power1_average", "100000000\n");
  machine.write(at + "power1_cap", "300000000\n");
  machine.write(at + "power1_input", "999000000\n");
  machine.write(at + "power1_label", "PPT\n");
  const Probe found = probe(machine);
  ASSERT_EQ(found.sensors.size(), 1U) << "average and instant power are one channel";
  Sensor& sensor = *found.sensors[0];
  EXPECT_EQ(sensor.describe().provenance.method, "hwmon-power");
  EXPECT_TRUE(sensor.describe().billed);
  EXPECT_DOUBLE_EQ(sensor.power()->count(), 100.0);
  const auto first = sensor.read(ms(100));
  const auto second = sensor.read(ms(200));
  ASSERT_TRUE(first && second);
  EXPECT_NEAR((second->counter - first->counter).count(), 10.0, 1e-9);
}

TEST(Hwmon, DoesNotBillAnApuWhoseFigureIsTheWholeChips) {
  const FakeMachine machine;
  machine.write(chip(machine, 1, "0000:05:00.0", "amdgpu") + "power1_input", "9000000\n");
  const auto found = by_id(probe(machine));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found.begin()->second.billed);
}

TEST(Hwmon, ReadsChipsOfUnknownScopeOnlyWhereTheyAreNamed) {
  const FakeMachine machine;
  machine.write(chip(machine, 2, "1-0058", "pmbus") + "power1_input", "120000000\n");
  const Probe quiet = probe(machine);
  EXPECT_TRUE(quiet.sensors.empty());
  ASSERT_EQ(quiet.findings.size(), 1U);
  EXPECT_EQ(quiet.findings[0].status, Finding::Status::kSpare);
  EXPECT_EQ(quiet.findings[0].subject, "hwmon:pmbus:1-0058/power1");
  EXPECT_EQ(probe(machine, {"hwmon:pmbus:1-0058/power1"}).sensors.size(), 1U);
}

TEST(Hwmon, TakesSocketsOfAmdEnergyForTheirPackages) {
  const FakeMachine machine;
  const std::string at = chip(machine, 2, "amd_energy.0", "amd_energy");
  machine.write(at + "energy1_input", "11\n");
  machine.write(at + "energy1_label", "Ecore000\n");
  machine.write(at + "energy2_input", "22\n");
  machine.write(at + "energy2_label", "Esocket1\n");
  const auto found = by_id(probe(machine));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.begin()->second.domain, "cpu/package-1");
}

TEST(Hwmon, SaysThatABrokenOrHiddenChipIsNoSensor) {
  const FakeMachine machine;
  machine.write(chip(machine, 1, "0000:03:00.0", "xe") + "energy1_input", "soon\n");
  const Probe broken = probe(machine);
  EXPECT_TRUE(broken.sensors.empty());
  EXPECT_EQ(broken.findings.at(0).status, Finding::Status::kBroken);

  const FakeMachine bare;
  EXPECT_EQ(probe(bare).findings.at(0).status, Finding::Status::kAbsent);
}

TEST(Hwmon, RecordsAGpuThatTheRunMayNotUse) {
  const FakeMachine machine;
  machine.write(chip(machine, 1, "0000:03:00.0", "xe") + "energy1_input", "1\n");
  const Probe found = probe_hwmon({machine.root(),
                                   [](const std::string& driver, const std::string& pci) {
                                     return driver != "xe" || pci != "0000:03:00.0";
                                   },
                                   {}});
  ASSERT_EQ(found.sensors.size(), 1U);
  EXPECT_FALSE(found.sensors[0]->describe().billed);
}

TEST(Hwmon, TellsPciAddressesFromOtherNames) {
  EXPECT_TRUE(is_pci_address("0000:03:00.0"));
  EXPECT_FALSE(is_pci_address("0000:03:00"));
  EXPECT_FALSE(is_pci_address("ACPI000D:00x"));
}

TEST(Grace, TakesTheSocketAndRecordsTheModule) {
  const FakeMachine machine;
  int number = 0;
  for (const char* part : {"Module", "Grace", "CPU", "SysIO"}) {
    const std::string device = "ACPI000D:0" + std::to_string(number);
    const std::string at = "sys/devices/bus/" + device + "/";
    chip(machine, number, device, "power_meter");
    machine.write(at + "power1_oem_info", std::string(part) + " Power Socket 0\n");
    machine.write(at + "power1_average", "200000000\n");
    machine.write(at + "power1_average_interval", "100\n");
    ++number;
  }
  const auto found = by_id(probe_grace(machine.root()));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found.at("grace:socket-0").billed);
  EXPECT_EQ(found.at("grace:socket-0").update_period, core::Seconds(0.1));
  EXPECT_FALSE(found.at("grace:module-0").billed);
  EXPECT_EQ(found.at("grace:module-0").scope, Scope::kModule);
  EXPECT_TRUE(probe(machine).sensors.empty()) << "the general reader leaves them alone";
}

std::string rail(const FakeMachine& machine, int channel, const std::string& label, int millivolts,
                 int milliamperes) {
  const std::string at = "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon4/";
  const std::string n = std::to_string(channel);
  machine.write(at + "in" + n + "_label", label + "\n");
  machine.write(at + "in" + n + "_input", std::to_string(millivolts) + "\n");
  machine.write(at + "curr" + n + "_input", std::to_string(milliamperes) + "\n");
  return at;
}

TEST(Jetson, BillsTheModulesInputAndRecordsTheRailsBehindIt) {
  const FakeMachine machine;
  rail(machine, 1, "VDD_IN", 5000, 2000);
  rail(machine, 2, "VDD_CPU_GPU_CV", 5000, 800);
  rail(machine, 3, "VDD_SOC", 5000, 400);
  machine.write("sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon4/in7_label", "sum of shunts\n");
  machine.write("sys/bus/i2c/drivers/ina3221/bind", "");
  const Probe probe = probe_ina3221(machine.root());
  const auto found = by_id(probe);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_TRUE(found.at("ina3221:1-0040/VDD_IN").billed);
  EXPECT_FALSE(found.at("ina3221:1-0040/VDD_CPU_GPU_CV").billed);
  EXPECT_DOUBLE_EQ(probe.sensors[0]->power()->count(), 10.0);
}

TEST(Jetson, BillsTheProcessorsRailsWhereTheInputIsNotMeasured) {
  const FakeMachine machine;
  rail(machine, 1, "VDD_GPU_SOC", 5000, 2000);
  rail(machine, 2, "VDD_CPU_CV", 5000, 800);
  rail(machine, 3, "VIN_SYS_5V0", 5000, 400);
  const auto found = by_id(probe_ina3221(machine.root()));
  EXPECT_TRUE(found.at("ina3221:1-0040/VDD_GPU_SOC").billed);
  EXPECT_TRUE(found.at("ina3221:1-0040/VDD_CPU_CV").billed);
  EXPECT_FALSE(found.at("ina3221:1-0040/VIN_SYS_5V0").billed);
}

TEST(Battery, MeasuresOnlyWhileItDischarges) {
  const FakeMachine machine;
  const std::string at = "sys/class/power_supply/BAT0/";
  machine.write(at + "type", "Battery\n");
  machine.write(at + "status", "Discharging\n");
  machine.write(at + "current_now", "-1500000\n");
  machine.write(at + "voltage_now", "12000000\n");
  machine.write("sys/class/power_supply/AC/type", "Mains\n");
  machine.write("sys/class/power_supply/mouse/type", "Battery\n");
  machine.write("sys/class/power_supply/mouse/scope", "Device\n");
  const Probe probe = probe_battery(machine.root());
  ASSERT_EQ(probe.sensors.size(), 1U);
  Sensor& sensor = *probe.sensors[0];
  EXPECT_EQ(sensor.describe().scope, Scope::kWall);
  EXPECT_DOUBLE_EQ(sensor.power()->count(), 18.0) << "some drivers give the current a sign";
  ASSERT_TRUE(sensor.read(ms(0)));
  machine.write(at + "status", "Charging\n");
  EXPECT_EQ(sensor.read(ms(1000)).error().code, core::ErrorCode::kUnavailable);
  EXPECT_EQ(probe_battery(machine.root()).findings.at(0).status, Finding::Status::kSpare);
}

TEST(Battery, PrefersThePowerThatTheFirmwareTells) {
  const FakeMachine machine;
  const std::string at = "sys/class/power_supply/BAT1/";
  machine.write(at + "type", "Battery\n");
  machine.write(at + "status", "Discharging\n");
  machine.write(at + "power_now", "7250000\n");
  const Probe probe = probe_battery(machine.root());
  ASSERT_EQ(probe.sensors.size(), 1U);
  EXPECT_DOUBLE_EQ(probe.sensors[0]->power()->count(), 7.25);
}

}  // namespace
}  // namespace ipw::energy
