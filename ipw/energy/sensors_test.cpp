// The choice among the kinds of sensors.

#include "ipw/energy/sensors.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ipw/energy/fake_machine_test.h"

namespace ipw::energy {
namespace {

ProbeOptions options_for(const FakeMachine& machine) {
  ProbeOptions options;
  options.root = machine.root();
  options.environment = [](const std::string&) { return std::nullopt; };
  for (auto* libraries : {&options.nvml_libraries, &options.amd_smi_libraries,
                          &options.rocm_smi_libraries, &options.level_zero_libraries}) {
    *libraries = {"libipw-no-such-library.so"};
  }
  return options;
}

ProbeReport probe(const FakeMachine& machine) { return probe_sensors(options_for(machine)); }

std::map<std::string, bool> billing(const ProbeReport& report) {
  std::map<std::string, bool> result;
  for (const auto& sensor : report.sensors) {
    result[sensor->describe().id] = sensor->describe().billed;
  }
  return result;
}

void discharging_battery(const FakeMachine& machine) {
  const std::string at = "sys/class/power_supply/BAT0/";
  machine.write(at + "type", "Battery\n");
  machine.write(at + "status", "Discharging\n");
  machine.write(at + "power_now", "9000000\n");
}

void amd_gpu(const FakeMachine& machine, const std::string& pci) {
  const std::string device = "sys/devices/" + pci;
  const std::string at = device + "/hwmon/hwmon2";
  machine.write(at + "/name", "amdgpu\n");
  machine.write(at + "/power1_average", "100000000\n");
  machine.write(at + "/power1_cap", "300000000\n");
  std::filesystem::create_directory_symlink(machine.root() / device,
                                            machine.root() / at / "device");
  std::filesystem::create_directories(machine.root() / "sys/class/hwmon");
  std::filesystem::create_directory_symlink(machine.root() / at,
                                            machine.root() / "sys/class/hwmon/hwmon2");
}

void perf_events(const FakeMachine& machine) {
  const std::string at = "sys/bus/event_source/devices/power/";
  machine.write(at + "type", "23\n");
  machine.write(at + "cpumask", "0\n");
  machine.write(at + "events/energy-pkg", "event=0x02\n");
  machine.write(at + "events/energy-pkg.scale", "2.3283064365386962890625e-10\n");
  machine.write(at + "events/energy-pkg.unit", "Joules\n");
}

int open_zeros(const PerfEvent&) { return ::open("/dev/zero", O_RDONLY | O_CLOEXEC); }

TEST(Sensors, EstimatesFromCpuTimeWhereNothingMeasuresTheProcessor) {
  const FakeMachine machine;
  machine.write("proc/stat", "cpu  1 2 3 4 5 6 7 8 9 0\n");
  const ProbeReport report = probe(machine);
  ASSERT_EQ(report.sensors.size(), 1U);
  EXPECT_EQ(report.sensors[0]->describe().id, "cpu-time:host");
}

TEST(Sensors, DoesNotEstimateWhatIsMeasured) {
  const FakeMachine machine;
  machine.write("proc/stat", "cpu  1 2 3 4 5 6 7 8 9 0\n");
  machine.zone("intel-rapl:0", "package-0", 1);
  const ProbeReport report = probe(machine);
  ASSERT_EQ(report.sensors.size(), 1U);
  EXPECT_EQ(report.sensors[0]->describe().id, "rapl:package-0");
  EXPECT_EQ(report.findings.back().status, Finding::Status::kSpare);
}

TEST(Sensors, EstimatesTheProcessorBesideItsMemorysCounter) {
  const FakeMachine machine;
  machine.write("proc/stat", "cpu  1 2 3 4 5 6 7 8 9 0\n");
  machine.zone("intel-rapl:0", "package-0", 1);
  machine.zone("intel-rapl:0:0", "dram", 1);
  machine.write("sys/class/powercap/intel-rapl:0/energy_uj", "broken");
  const ProbeReport report = probe(machine);
  ASSERT_EQ(report.sensors.size(), 2U);
  EXPECT_EQ(report.sensors[1]->describe().id, "cpu-time:host");
}

TEST(Sensors, CountsAPackageOnceWhereTwoInterfacesShowIt) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0", 1);
  perf_events(machine);
  ProbeOptions options = options_for(machine);
  options.perf_open = open_zeros;
  const ProbeReport report = probe_sensors(options);
  EXPECT_EQ(billing(report), (std::map<std::string, bool>{{"rapl:package-0", true}}));
  const auto spare = std::ranges::find(report.findings, "rapl-perf:package-0", &Finding::subject);
  ASSERT_NE(spare, report.findings.end());
  EXPECT_EQ(spare->status, Finding::Status::kSpare);
}

// A machine whose counters are files that go on as its clock does.
class CountingClock final : public core::Clock {
 public:
  using Show = std::function<void(double seconds)>;
  explicit CountingClock(Show show) : show_(std::move(show)) {}
  [[nodiscard]] core::Instant now() const override { return now_; }
  [[nodiscard]] core::WallTime wall() const override { return {}; }
  void sleep_until(core::Instant until) override {
    now_ = std::max(now_, until);
    show_(core::Seconds(now_.time_since_epoch()).count());
  }

 private:
  Show show_;
  core::Instant now_{std::chrono::seconds(1)};
};

struct WatchedZone {
  const char* folder;
  const char* label;
  double start;  // J
  double watts;
};

struct WatchedMachine {
  const char* name;
  std::vector<WatchedZone> zones;
  std::map<std::string, bool> billing;  // of the sensors that are left
  bool on_battery = false;
};

class WatchedSensors : public testing::TestWithParam<WatchedMachine> {};

TEST_P(WatchedSensors, BillEveryJouleOnceAndNoCounterThatStandsStill) {
  const FakeMachine machine;
  machine.write("proc/stat", "cpu  1 2 3 4 5 6 7 8 9 0\n");
  const auto show = [&](double seconds) {
    for (const WatchedZone& zone : GetParam().zones) {
      const double joules = zone.start + zone.watts * seconds;
      machine.zone(zone.folder, zone.label, static_cast<std::uint64_t>(joules * 1e6));
    }
  };
  show(1.0);
  if (GetParam().on_battery) discharging_battery(machine);
  CountingClock clock(show);
  const ProbeOptions options = options_for(machine);
  ProbeReport report = probe_sensors(options);
  watch_sensors(report, options, clock);
  EXPECT_EQ(billing(report), GetParam().billing);
}

INSTANTIATE_TEST_SUITE_P(
    Machines, WatchedSensors,
    testing::Values(
        WatchedMachine{
            "OneSocket", {{"intel-rapl:0", "package-0", 5, 50}}, {{"rapl:package-0", true}}},
        WatchedMachine{
            "TwoSockets",
            {{"intel-rapl:0", "package-0", 5, 50}, {"intel-rapl:1", "package-1", 900, 50}},
            {{"rapl:package-0", true}, {"rapl:package-1", true}}},
        WatchedMachine{"TwoSocketsOfUnlikePower",
                       {{"intel-rapl:0", "package-0", 5, 50}, {"intel-rapl:1", "package-1", 5, 70}},
                       {{"rapl:package-0", true}, {"rapl:package-1", true}}},
        WatchedMachine{"TwoDiesThatShowTheSocket",
                       {{"intel-rapl:0", "package-0-die-0", 5, 50},
                        {"intel-rapl:1", "package-0-die-1", 5, 50}},
                       {{"rapl:package-0-die-0", true}, {"rapl:package-0-die-1", false}}},
        WatchedMachine{"TwoDiesOfTheirOwn",
                       {{"intel-rapl:0", "package-0-die-0", 5, 50},
                        {"intel-rapl:1", "package-0-die-1", 7, 40}},
                       {{"rapl:package-0-die-0", true}, {"rapl:package-0-die-1", true}}},
        WatchedMachine{"FourDiesOfTwoSockets",
                       {{"intel-rapl:0", "package-0-die-0", 5, 50},
                        {"intel-rapl:1", "package-0-die-1", 5, 50},
                        {"intel-rapl:2", "package-1-die-0", 8, 60},
                        {"intel-rapl:3", "package-1-die-1", 8, 60}},
                       {{"rapl:package-0-die-0", true},
                        {"rapl:package-0-die-1", false},
                        {"rapl:package-1-die-0", true},
                        {"rapl:package-1-die-1", false}}},
        WatchedMachine{
            "OneZoneUnderTwoDriversByOneLabel",
            {{"intel-rapl:0", "package-0", 5, 50}, {"intel-rapl-mmio:0", "package-0", 5, 50}},
            {{"rapl:package-0", true}}},
        WatchedMachine{
            "CounterOfNothing", {{"intel-rapl:0", "package-0", 0, 0}}, {{"cpu-time:host", true}}},
        WatchedMachine{"CounterThatStandsStill",
                       {{"intel-rapl:0", "package-0", 77, 0}},
                       {{"cpu-time:host", true}}},
        WatchedMachine{
            "OneOfTwoStandsStill",
            {{"intel-rapl:0", "package-0", 77, 0}, {"intel-rapl:1", "package-1", 77, 50}},
            {{"rapl:package-1", true}}},
        WatchedMachine{"StillBesideABattery",
                       {{"intel-rapl:0", "package-0", 77, 0}},
                       {{"battery:BAT0", true}},
                       true},
        WatchedMachine{"PackageStillAndMemoryMoves",
                       {{"intel-rapl:0", "package-0", 77, 0}, {"intel-rapl:0:0", "dram", 1, 3}},
                       {{"cpu-time:host", true}, {"rapl:package-0/dram", true}}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Sensors, FallsBackToPerformanceEventsWherePowercapCannotBeRead) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0", 1);
  machine.write("sys/class/powercap/intel-rapl:0/energy_uj", "?");
  perf_events(machine);
  ProbeOptions options = options_for(machine);
  options.perf_open = open_zeros;
  EXPECT_EQ(billing(probe_sensors(options)),
            (std::map<std::string, bool>{{"rapl-perf:package-0", true}}));
}

TEST(Sensors, BillsABatteryOnlyWhereNothingMeasuresTheProcessor) {
  const FakeMachine alone;
  discharging_battery(alone);
  amd_gpu(alone, "0000:03:00.0");
  alone.write("proc/stat", "cpu  1 2 3 4 5 6 7 8 9 0\n");
  EXPECT_EQ(billing(probe(alone)),
            (std::map<std::string, bool>{{"battery:BAT0", true},
                                         {"hwmon:amdgpu:0000:03:00.0/power1", false}}));
  const FakeMachine measured;
  discharging_battery(measured);
  measured.zone("intel-rapl:0", "package-0", 1);
  EXPECT_EQ(billing(probe(measured)),
            (std::map<std::string, bool>{{"battery:BAT0", false}, {"rapl:package-0", true}}));
}

TEST(Sensors, BillsTheExternalMeterAloneWhereOneIsNamed) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0", 1);
  ProbeOptions options = options_for(machine);
  options.meter_command = "echo 100 W; exec sleep 60";
  EXPECT_EQ(billing(probe_sensors(options)),
            (std::map<std::string, bool>{{"meter:command", true}, {"rapl:package-0", false}}));
}

TEST(Sensors, RecordsAnAmdGpuThatTheEnvironmentHides) {
  const FakeMachine machine;
  amd_gpu(machine, "0000:03:00.0");
  ProbeOptions options = options_for(machine);
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HIP_VISIBLE_DEVICES") return "";
    return std::nullopt;
  };
  EXPECT_EQ(billing(probe_sensors(options)),
            (std::map<std::string, bool>{{"hwmon:amdgpu:0000:03:00.0/power1", false}}));
}

TEST(Sensors, BillsWhatTheUserChoosesAndNothingElse) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0", 1);
  machine.zone("intel-rapl:0:0", "dram", 1);
  machine.zone("intel-rapl:1", "package-1", 1);
  ProbeReport report = probe(machine);
  ASSERT_TRUE(bill_only(report, std::vector<std::string>{"rapl:package-0"}));
  EXPECT_EQ(billing(report), (std::map<std::string, bool>{{"rapl:package-0", true},
                                                          {"rapl:package-0/dram", false},
                                                          {"rapl:package-1", false}}));
  const auto none = bill_only(report, std::vector<std::string>{"nvml:GPU-1"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, core::ErrorCode::kNotFound);
  EXPECT_NE(none.error().message.find("rapl:package-1"), std::string::npos);
  EXPECT_EQ(bill_only(report, std::vector<std::string>{"rapl:"}).error().code,
            core::ErrorCode::kUsage);
}

TEST(Sensors, RefusesToMeasureWithoutWhatTheUserAskedFor) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0", 1);
  ProbeOptions options = options_for(machine);
  EXPECT_TRUE(open_sensors(options));
  options.meter_command = "echo no meter here";
  EXPECT_EQ(open_sensors(options).error().code, core::ErrorCode::kUnavailable);
  options.meter_command.clear();
  options.devices = {"nvml:"};
  EXPECT_EQ(open_sensors(options).error().code, core::ErrorCode::kNotFound);
}

TEST(Sensors, SaysSomethingAboutEveryKindOfTheTable) {
  const FakeMachine machine;
  const ProbeReport report = probe(machine);
  EXPECT_TRUE(report.sensors.empty());
  std::set<std::string> methods;
  for (const Finding& finding : report.findings) methods.insert(finding.method);
  EXPECT_EQ(methods.size(), sensor_kinds().size());
}

}  // namespace
}  // namespace ipw::energy
