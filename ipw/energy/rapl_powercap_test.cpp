// RAPL over trees of files. This proves parsing, arithmetic and resilience, not the hardware.

#include "ipw/energy/rapl_powercap.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/sampler.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

std::set<std::string> ids(const Probe& probe) {
  std::set<std::string> result;
  for (const auto& sensor : probe.sensors) result.insert(sensor->describe().id);
  return result;
}

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

TEST(RaplPowercap, TakesPackagesAndMemoryAndNeverWhatIsInsideThem) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0", 1);
  machine.zone("intel-rapl:0:0", "core", 1);
  machine.zone("intel-rapl:0:1", "uncore", 1);
  machine.zone("intel-rapl:0:2", "dram", 1);
  machine.zone("intel-rapl:1", "package-1", 1);
  machine.zone("intel-rapl:1:0", "dram", 1);
  machine.zone("intel-rapl:2", "psys", 1);
  machine.zone("intel-rapl-mmio:0", "package-0", 1);
  const Probe probe = probe_rapl_powercap(machine.root());
  EXPECT_EQ(ids(probe), (std::set<std::string>{"rapl:package-0", "rapl:package-0/dram",
                                               "rapl:package-1", "rapl:package-1/dram"}));
  const auto& last = probe.findings.back();
  EXPECT_EQ(last.status, Finding::Status::kSpare);
  EXPECT_EQ(last.subject, "intel-rapl-mmio:0");
}

TEST(RaplPowercap, TakesTheMmioZoneWhereItIsTheOnlyOne) {
  const FakeMachine machine;
  machine.zone("intel-rapl-mmio:0", "package-0", 1);
  EXPECT_EQ(ids(probe_rapl_powercap(machine.root())), (std::set<std::string>{"rapl:package-0"}));
}

TEST(RaplPowercap, TakesPsysOnlyWhereThereIsNoPackage) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "psys", 1);
  EXPECT_EQ(ids(probe_rapl_powercap(machine.root())), (std::set<std::string>{"rapl:psys"}));
}

TEST(RaplPowercap, KeepsTheDiesOfAPackageApart) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0-die-0", 1);
  machine.zone("intel-rapl:0:0", "dram", 1);
  machine.zone("intel-rapl:1", "package-0-die-1", 1);
  EXPECT_EQ(ids(probe_rapl_powercap(machine.root())),
            (std::set<std::string>{"rapl:package-0-die-0", "rapl:package-0-die-0/dram",
                                   "rapl:package-0-die-1"}));
}

TEST(RaplPowercap, SaysThatThereIsNoneWithoutATree) {
  const FakeMachine machine;
  const Probe probe = probe_rapl_powercap(machine.root());
  EXPECT_TRUE(probe.sensors.empty());
  ASSERT_EQ(probe.findings.size(), 1U);
  EXPECT_EQ(probe.findings[0].status, Finding::Status::kAbsent);
}

TEST(RaplPowercap, RecognisesATreeThatAContainerRuntimeHides) {
  const FakeMachine machine;
  std::filesystem::create_directories(machine.root() / "sys/class/powercap/intel-rapl:0");
  const Probe probe = probe_rapl_powercap(machine.root());
  ASSERT_EQ(probe.findings.size(), 1U);
  EXPECT_EQ(probe.findings[0].status, Finding::Status::kBroken);
  EXPECT_NE(probe.findings[0].cure.find("systempaths=unconfined"), std::string::npos);
}

TEST(RaplPowercap, DescribesTheCounterAsTheKernelDoes) {
  const FakeMachine machine;
  machine.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Gold 6240 CPU\n");
  machine.zone("intel-rapl:0", "package-0", 5'000'000);
  Probe probe = probe_rapl_powercap(machine.root());
  ASSERT_EQ(probe.sensors.size(), 1U);
  const SensorDescription description = probe.sensors[0]->describe();
  EXPECT_EQ(description.device, "Intel(R) Xeon(R) Gold 6240 CPU package-0");
  EXPECT_EQ(description.provenance,
            (record::Provenance{record::Source::kMeasured, "rapl-powercap"}));
  ASSERT_TRUE(description.wrap_range);
  EXPECT_DOUBLE_EQ(description.wrap_range->count(), 262143.328850);
  const auto sample = probe.sensors[0]->read(ms(7));
  ASSERT_TRUE(sample);
  EXPECT_DOUBLE_EQ(sample->counter.count(), 5.0);
  EXPECT_EQ(sample->at, ms(7));
}

TEST(RaplPowercap, CountsAcrossAWrap) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0", 262'143'000'000);
  Probe probe = probe_rapl_powercap(machine.root());
  ASSERT_EQ(probe.sensors.size(), 1U);
  Timeline timeline(probe.sensors[0]->describe());
  const auto take = [&](int at) { timeline.add(probe.sensors[0]->read(ms(at)).value()); };
  take(0);
  machine.zone("intel-rapl:0", "package-0", 71'150);  // 0.4 J later
  take(10);
  const auto window = timeline.window(ms(-1), ms(10));
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->energy.count(), 0.4, 1e-9);
}

TEST(RaplPowercap, GivesNoSampleWhileTheFilesAreGoneAndANewEpochWhenTheyReturn) {
  const FakeMachine machine;
  const auto energy = machine.zone("intel-rapl:0", "package-0", 1'000'000);
  Probe probe = probe_rapl_powercap(machine.root());
  ASSERT_EQ(probe.sensors.size(), 1U);
  Sensor& sensor = *probe.sensors[0];
  const auto before = sensor.read(ms(0));
  ASSERT_TRUE(before);
  // An open descriptor of a removed sysfs node answers ENODEV; an emptied plain file answers
  // nothing at all, and takes the same way.
  std::filesystem::resize_file(energy, 0);
  std::filesystem::remove(energy);
  for (int i = 1; i < 4; ++i) {
    const auto gone = sensor.read(ms(i));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, core::ErrorCode::kUnavailable);
  }
  machine.zone("intel-rapl:0", "package-0", 1'100'000);
  const auto after = sensor.read(ms(10));
  ASSERT_TRUE(after);
  EXPECT_GT(after->epoch, before->epoch);

  Timeline timeline(sensor.describe());
  timeline.add(*before);
  timeline.add(*after);
  EXPECT_FALSE(timeline.window(ms(0), ms(9))) << "the gap is unknown, not 0.1 J and not a range";
}

TEST(RaplPowercap, RefusesACounterThatIsNotANumber) {
  const FakeMachine machine;
  machine.zone("intel-rapl:0", "package-0", 1);
  machine.write("sys/class/powercap/intel-rapl:0/energy_uj", "banana\n");
  const Probe probe = probe_rapl_powercap(machine.root());
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_EQ(probe.findings.at(0).status, Finding::Status::kBroken);
}

// Reads as an ordinary user: root may read anything, so it becomes nobody (65534) for a while.
class AsOrdinaryUser {
 public:
  AsOrdinaryUser() {
    if (::geteuid() == 0) changed_ = ::seteuid(65534) == 0;
  }
  ~AsOrdinaryUser() {
    if (changed_) (void)!::seteuid(0);
  }
  AsOrdinaryUser(const AsOrdinaryUser&) = delete;
  AsOrdinaryUser& operator=(const AsOrdinaryUser&) = delete;

 private:
  bool changed_ = false;
};

TEST(RaplPowercap, SaysHowToAllowReadingWhereItIsForbidden) {
  const FakeMachine machine;
  const auto energy = machine.zone("intel-rapl:0", "package-0", 1);
  ASSERT_EQ(::chmod(energy.c_str(), 0), 0);
  const AsOrdinaryUser nobody;
  if (std::ifstream(energy).good()) {
    GTEST_SKIP() << "this user can read any file and cannot lay that down";
  }
  const Probe probe = probe_rapl_powercap(machine.root());
  EXPECT_TRUE(probe.sensors.empty());
  ASSERT_EQ(probe.findings.size(), 1U);
  EXPECT_EQ(probe.findings[0].status, Finding::Status::kDenied);
  EXPECT_NE(probe.findings[0].cure.find("/etc/udev/rules.d/70-powercap.rules"), std::string::npos);
}

TEST(RaplPowercap, IntegratesACounterThatAnotherThreadRaises) {
  const FakeMachine machine;
  const auto energy = machine.zone("intel-rapl:0", "package-0", 1);
  const auto put = [&, file = ::open(energy.c_str(), O_WRONLY)](std::uint64_t microjoules) {
    char text[32];
    // One fixed-width write, so that no reader sees half a number.
    const int length =
        std::snprintf(text, sizeof text, "%020llu\n", static_cast<unsigned long long>(microjoules));
    return ::pwrite(file, text, static_cast<std::size_t>(length), 0) == length;
  };
  constexpr std::uint64_t kStart = 262'143'328'850 - 3'000'000;  // wraps on the way
  ASSERT_TRUE(put(kStart));
  Probe probe = probe_rapl_powercap(machine.root());
  core::SystemClock clock;
  Sampler sampler(std::move(probe.sensors), clock);
  ASSERT_EQ(sampler.sensors().size(), 1U);
  Timeline timeline(sampler.sensors()[0]);

  sampler.start();
  std::atomic<bool> kept_up{true};
  std::thread writer([&] {
    // 30 W for 0.2 s in steps of 1 ms.
    for (std::uint64_t step = 0; step <= 200; ++step) {
      std::this_thread::sleep_for(milliseconds(1));
      if (!put((kStart + 30'000 * step) % 262'143'328'850)) kept_up = false;
    }
  });
  writer.join();
  std::this_thread::sleep_for(milliseconds(100));
  sampler.stop();
  ASSERT_TRUE(kept_up);

  std::vector<Reading> readings;
  ASSERT_GT(sampler.drain(readings), 2U);
  for (const Reading& reading : readings) timeline.add(reading.sample);
  const auto all =
      timeline.window(readings.front().sample.at - milliseconds(1), readings.back().sample.at);
  ASSERT_TRUE(all);
  // The writer's 6 J, whatever the scheduling was, less what came before the first reading.
  const double first = readings.front().sample.counter.count() - static_cast<double>(kStart) * 1e-6;
  EXPECT_NEAR(all->energy.count(), 6.0 - first, 1e-6);
}

}  // namespace
}  // namespace ipw::energy
