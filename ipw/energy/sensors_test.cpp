// The choice among the kinds of sensors.

#include "ipw/energy/sensors.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "ipw/energy/fake_machine_test.h"

namespace ipw::energy {
namespace {

ProbeReport probe(const FakeMachine& machine) {
  ProbeOptions options;
  options.root = machine.root();
  options.environment = [](const std::string&) { return std::nullopt; };
  options.nvml_libraries = {"libipw-no-such-library.so"};
  return probe_sensors(options);
}

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
