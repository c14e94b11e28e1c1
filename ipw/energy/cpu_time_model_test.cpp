// The estimate from CPU time, over fake /proc and cgroup trees.

#include "ipw/energy/cpu_time_model.h"

#include <gtest/gtest.h>

#include <string>

#include "ipw/energy/cpu_power.h"
#include "ipw/energy/fake_machine_test.h"

namespace ipw::energy {
namespace {

// 10.00 + 0.50 + 2.00 + 0.25 + 0.25 = 13.00 s busy; idle, iowait and steal are not.
constexpr const char* kStat =
    "cpu  1000 50 200 99999 777 25 25 888 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n";

double joules(const FakeMachine& machine, std::optional<core::Watts> watts) {
  Probe probe = probe_cpu_time(machine.root(), watts);
  if (probe.sensors.empty()) return -1.0;
  return probe.sensors[0]->read(core::Instant{}).value().counter.count();
}

TEST(CpuTimeModel, CountsBusyTimeAndNotIdleIowaitOrSteal) {
  const FakeMachine machine;
  machine.write("proc/stat", kStat);
  EXPECT_NEAR(joules(machine, core::Watts(10.0)), 130.0, 1e-9);
}

TEST(CpuTimeModel, PrefersTheNanosecondsOfTheRootGroup) {
  const FakeMachine machine;
  machine.write("proc/stat", kStat);
  machine.write("sys/fs/cgroup/cpuacct/cpuacct.usage", "12500000000\n");
  machine.write("sys/fs/cgroup/cpuacct/release_agent", "\n");
  EXPECT_NEAR(joules(machine, core::Watts(10.0)), 125.0, 1e-9);
}

TEST(CpuTimeModel, DoesNotTakeAContainersGroupForTheMachine) {
  const FakeMachine machine;
  machine.write("proc/stat", kStat);
  machine.write("sys/fs/cgroup/cpuacct/cpuacct.usage", "12500000000\n");  // no release_agent
  machine.write("sys/fs/cgroup/cpu.stat", "usage_usec 9\nuser_usec 5\nsystem_usec 4\n");
  machine.write("sys/fs/cgroup/cgroup.type", "domain\n");  // only groups below the root have it
  EXPECT_NEAR(joules(machine, core::Watts(10.0)), 130.0, 1e-9);
}

TEST(CpuTimeModel, AddsUserAndSystemTimeOfAVersionTwoRoot) {
  const FakeMachine machine;
  machine.write("proc/stat", kStat);
  machine.write("sys/fs/cgroup/cpu.stat",
                "usage_usec 99000000\nuser_usec 8000000\nsystem_usec 4000000\n");
  EXPECT_NEAR(joules(machine, core::Watts(10.0)), 120.0, 1e-9);
}

TEST(CpuTimeModel, HasNoSensorWithoutProc) {
  const FakeMachine machine;
  const Probe probe = probe_cpu_time(machine.root(), std::nullopt);
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_EQ(probe.findings.at(0).status, Finding::Status::kAbsent);
}

TEST(CpuTimeModel, HasNoSensorOnABrokenStat) {
  const FakeMachine machine;
  for (const char* broken : {"cpu", "cpu  1 2 x 4 5 6 7", "", "cpu  99999999999999999999999 1 1"}) {
    machine.write("proc/stat", broken);
    EXPECT_TRUE(probe_cpu_time(machine.root(), std::nullopt).sensors.empty()) << broken;
  }
}

TEST(CpuTimeModel, DoesNotTakeATickOfJitterForAReset) {
  const FakeMachine machine;
  machine.write("proc/stat", kStat);
  Probe probe = probe_cpu_time(machine.root(), core::Watts(10.0));
  ASSERT_EQ(probe.sensors.size(), 1U);
  ASSERT_TRUE(probe.sensors[0]->read(core::Instant{}));
  machine.write("proc/stat", "cpu  1000 50 199 99999 777 25 25 888 0 0\n");
  EXPECT_NEAR(probe.sensors[0]->read(core::Instant{})->counter.count(), 130.0, 1e-9);
}

TEST(CpuTimeModel, SaysThatItIsAnEstimateAndWhatItAssumes) {
  const FakeMachine machine;
  machine.write("proc/stat", kStat);
  machine.write("proc/cpuinfo",
                "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Processor @ 2.50GHz\n"
                "cpu cores\t: 2\nflags\t\t: fpu hypervisor sse\n");
  Probe probe = probe_cpu_time(machine.root(), std::nullopt);
  ASSERT_EQ(probe.sensors.size(), 1U);
  const SensorDescription description = probe.sensors[0]->describe();
  EXPECT_EQ(description.provenance,
            (record::Provenance{record::Source::kEstimated, "cpu-time-model"}));
  EXPECT_FALSE(description.sees_idle);
  EXPECT_DOUBLE_EQ(description.method_uncertainty, 0.5);
  EXPECT_EQ(description.assumption,
            "8 W per busy core = default 7 W for \"Intel(R) Xeon(R) Processor @ 2.50GHz\", which "
            "the watts table lacks, + 1 W memory, ±50 %, × busy CPU time of the whole machine "
            "from /proc/stat");
}

TEST(BusyCorePower, IsTheChipsTdpOverItsCoresPlusMemory) {
  const FakeMachine machine;
  machine.write("proc/cpuinfo",
                "processor\t: 0\nmodel name\t: AMD EPYC 7763 64-Core Processor\n"
                "cpu cores\t: 2\nflags\t\t: fpu hypervisor\n");
  EXPECT_NEAR(busy_core_power(machine.root(), std::nullopt).watts.count(), 280.0 / 64.0 + 1.0,
              1e-9);
}

TEST(BusyCorePower, CountsCoresOnBareMetalAndNotInAVirtualMachine) {
  const FakeMachine machine;
  const std::string cpu =
      "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Gold 6240 CPU @ 2.60GHz\ncpu cores\t: 18\n";
  machine.write("proc/cpuinfo", cpu + "flags\t\t: fpu sse\n");
  EXPECT_NEAR(busy_core_power(machine.root(), std::nullopt).watts.count(), 150.0 / 18.0 + 1.0,
              1e-9);
  machine.write("proc/cpuinfo", cpu + "flags\t\t: fpu sse hypervisor\n");
  EXPECT_NEAR(busy_core_power(machine.root(), std::nullopt).watts.count(), 8.0, 1e-9);
}

TEST(BusyCorePower, IsWhatTheUserSaysWhereTheUserKnows) {
  const BusyCorePower power = busy_core_power("/nowhere", core::Watts(12.5));
  EXPECT_DOUBLE_EQ(power.watts.count(), 12.5);
  EXPECT_EQ(power.assumption, "12.5 W per busy core as given by the user");
}

TEST(ChipTdp, FindsProcessorsByTheNamesThatTheyGiveThemselves) {
  EXPECT_EQ(chip_tdp("Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz"), core::Watts(300.0));
  EXPECT_EQ(chip_tdp("AMD EPYC 7763 64-Core Processor"), core::Watts(280.0));
  EXPECT_EQ(chip_tdp("12th Gen Intel(R) Core(TM) i7-12700H"), core::Watts(45.0));
  EXPECT_EQ(chip_tdp("AMD Ryzen 9 7950X 16-Core Processor"), core::Watts(170.0));
}

TEST(ChipTdp, GuessesNothingFromNamesThatNameNoModel) {
  for (const char* name :
       {"Intel(R) Xeon(R) Processor @ 2.50GHz", "Intel(R) Xeon(R) CPU @ 2.20GHz",
        "Intel Xeon Processor (Cascadelake)", "AMD EPYC Processor", "QEMU Virtual CPU version 2.5+",
        "", "unknown processor", "Intel(R) Xeon(R) Platinum 837"}) {
    EXPECT_FALSE(chip_tdp(name)) << name;
  }
}

TEST(CpuPowerTable, HoldsPlausibleWattsOnly) {
  EXPECT_GT(cpu_power_table().size(), 3000U);
  for (const CpuPower& row : cpu_power_table()) {
    EXPECT_GT(row.tdp_watts, 0.0) << row.name;
    EXPECT_LE(row.tdp_watts, 1000.0) << row.name;
  }
}

}  // namespace
}  // namespace ipw::energy
