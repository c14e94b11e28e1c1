// RAPL events over a fake PMU: the tree is made of files, the events are pipes. Not the hardware.

#include "ipw/energy/rapl_perf.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

// Each event is a pipe: what the test puts in is what the next readings give.
class FakeEvents {
 public:
  ~FakeEvents() {
    for (auto& [key, end] : writers_) ::close(end);
  }
  PerfOpen opener() {
    return [this](const PerfEvent& event) {
      if (error != 0) return -error;
      std::array<int, 2> ends{};
      if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return -errno;
      const auto key = std::pair(event.config, event.cpu);
      if (writers_.contains(key)) ::close(writers_[key]);
      writers_[key] = ends[1];
      types.insert(event.type);
      put(event.config, event.cpu, start);
      return ends[0];
    };
  }
  void put(std::uint64_t config, int cpu, std::uint64_t count) {
    ASSERT_EQ(::write(writers_.at({config, cpu}), &count, sizeof count), 8);
  }
  void close(std::uint64_t config, int cpu) {
    ::close(writers_.at({config, cpu}));
    writers_.erase({config, cpu});
  }

  int error = 0;
  std::uint64_t start = 0;
  std::set<std::uint32_t> types;

 private:
  std::map<std::pair<std::uint64_t, int>, int> writers_;
};

void pmu(const FakeMachine& machine, const std::string& cpumask,
         const std::map<std::string, std::string>& events) {
  const std::string at = "sys/bus/event_source/devices/power/";
  machine.write(at + "type", "23\n");
  machine.write(at + "cpumask", cpumask + "\n");
  for (const auto& [name, config] : events) {
    machine.write(at + "events/" + name, "event=" + config + "\n");
    machine.write(at + "events/" + name + ".scale", "2.3283064365386962890625e-10\n");
    machine.write(at + "events/" + name + ".unit", "Joules\n");
  }
}

void topology(const FakeMachine& machine, int cpu, int package, int die) {
  const std::string at = "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
  machine.write(at + "physical_package_id", std::to_string(package) + "\n");
  machine.write(at + "die_id", std::to_string(die) + "\n");
}

std::set<std::string> ids(const Probe& probe) {
  std::set<std::string> result;
  for (const auto& sensor : probe.sensors) result.insert(sensor->describe().id);
  return result;
}

TEST(RaplPerf, TakesPackagesAndMemoryAndNeverWhatIsInsideThem) {
  const FakeMachine machine;
  pmu(machine, "0,18",
      {{"energy-cores", "0x01"},
       {"energy-pkg", "0x02"},
       {"energy-ram", "0x03"},
       {"energy-gpu", "0x04"},
       {"energy-psys", "0x05"}});
  topology(machine, 0, 0, 0);
  topology(machine, 18, 1, 0);
  FakeEvents events;
  const Probe probe = probe_rapl_perf(machine.root(), events.opener());
  EXPECT_EQ(ids(probe), (std::set<std::string>{"rapl-perf:package-0", "rapl-perf:package-0/dram",
                                               "rapl-perf:package-1", "rapl-perf:package-1/dram"}));
  EXPECT_EQ(events.types, std::set<std::uint32_t>{23});
  EXPECT_EQ(probe.sensors[0]->describe().domain, "cpu/package-0");
}

TEST(RaplPerf, NamesDiesAsPowercapDoes) {
  const FakeMachine machine;
  pmu(machine, "0-1", {{"energy-pkg", "0x02"}});
  topology(machine, 0, 0, 0);
  topology(machine, 1, 0, 1);
  FakeEvents events;
  EXPECT_EQ(ids(probe_rapl_perf(machine.root(), events.opener())),
            (std::set<std::string>{"rapl-perf:package-0-die-0", "rapl-perf:package-0-die-1"}));
}

TEST(RaplPerf, TakesPsysOnlyWhereThereIsNoPackage) {
  const FakeMachine machine;
  pmu(machine, "0", {{"energy-psys", "0x05"}});
  FakeEvents events;
  EXPECT_EQ(ids(probe_rapl_perf(machine.root(), events.opener())),
            (std::set<std::string>{"rapl-perf:psys"}));
}

TEST(RaplPerf, CountsInTheUnitOfTheEvent) {
  const FakeMachine machine;
  pmu(machine, "0", {{"energy-pkg", "0x02"}});
  FakeEvents events;
  const Probe probe = probe_rapl_perf(machine.root(), events.opener());
  Sensor& sensor = *probe.sensors.at(0);
  Timeline timeline(sensor.describe());
  events.put(2, 0, 0);
  timeline.add(sensor.read(ms(0)).value());
  events.put(2, 0, std::uint64_t{3} << 31);  // 1.5 J
  timeline.add(sensor.read(ms(10)).value());
  EXPECT_NEAR(timeline.window(ms(-1), ms(10))->energy.count(), 1.5, 1e-9);
}

TEST(RaplPerf, TakesTheNegativeDeltaOfAnUnreadCounterForUnknown) {
  // Linux extends the sign of the 32-bit difference: above 200 W between two of its own updates the
  // count goes backwards.
  const FakeMachine machine;
  pmu(machine, "0", {{"energy-pkg", "0x02"}});
  FakeEvents events;
  const Probe probe = probe_rapl_perf(machine.root(), events.opener());
  Sensor& sensor = *probe.sensors.at(0);
  Timeline timeline(sensor.describe());
  events.put(2, 0, std::uint64_t{1} << 40);
  timeline.add(sensor.read(ms(0)).value());
  events.put(2, 0, (std::uint64_t{1} << 40) - 1'879'048'192);
  timeline.add(sensor.read(ms(10)).value());
  EXPECT_FALSE(timeline.window(ms(0), ms(9)));
}

TEST(RaplPerf, GoesOnAfterAnErrorAndBeginsAnEpochWhereTheEventWasClosed) {
  const FakeMachine machine;
  pmu(machine, "0", {{"energy-pkg", "0x02"}});
  FakeEvents events;
  const Probe probe = probe_rapl_perf(machine.root(), events.opener());
  Sensor& sensor = *probe.sensors.at(0);
  EXPECT_EQ(sensor.read(ms(0)).error().code, core::ErrorCode::kUnavailable) << "EAGAIN";
  events.put(2, 0, 7);
  const auto before = sensor.read(ms(1));
  ASSERT_TRUE(before);
  events.close(2, 0);
  EXPECT_FALSE(sensor.read(ms(2)));
  events.error = EACCES;
  EXPECT_EQ(sensor.read(ms(3)).error().code, core::ErrorCode::kPermissionDenied);
  events.error = 0;
  const auto after = sensor.read(ms(4));
  ASSERT_TRUE(after);
  EXPECT_GT(after->epoch, before->epoch);
}

TEST(RaplPerf, SaysWhichCapabilityIsMissing) {
  const FakeMachine machine;
  pmu(machine, "0", {{"energy-pkg", "0x02"}});
  FakeEvents events;
  events.error = EACCES;
  const Probe probe = probe_rapl_perf(machine.root(), events.opener());
  EXPECT_TRUE(probe.sensors.empty());
  ASSERT_EQ(probe.findings.size(), 1U);
  EXPECT_EQ(probe.findings[0].status, Finding::Status::kDenied);
  EXPECT_NE(probe.findings[0].cure.find("setcap cap_perfmon+ep"), std::string::npos);
}

TEST(RaplPerf, RefusesWhatIsNoEventAndNoList) {
  EXPECT_EQ(parse_perf_event("event=0x02").value(), 2U);
  EXPECT_EQ(parse_perf_event("event=10").value(), 10U);
  for (const char* bad : {"", "event=", "event=x", "0x02", "event=0x02,umask=1"}) {
    EXPECT_FALSE(parse_perf_event(bad)) << bad;
  }
  EXPECT_EQ(parse_cpu_list("0,18-19").value(), (std::vector<int>{0, 18, 19}));
  for (const char* bad : {"", "a", "1-", "3-1", "0,", "0;1", "99999", "-1"}) {
    EXPECT_FALSE(parse_cpu_list(bad)) << bad;
  }
  const FakeMachine machine;
  pmu(machine, "none", {{"energy-pkg", "0x02"}});
  FakeEvents events;
  EXPECT_EQ(probe_rapl_perf(machine.root(), events.opener()).findings.at(0).status,
            Finding::Status::kBroken);
  pmu(machine, "0", {{"energy-pkg", "0x02"}});
  machine.write("sys/bus/event_source/devices/power/events/energy-pkg.unit", "Watts\n");
  EXPECT_EQ(probe_rapl_perf(machine.root(), events.opener()).findings.at(0).status,
            Finding::Status::kBroken);
}

}  // namespace
}  // namespace ipw::energy
