// NVML over a stub library with the same ABI: loading, keys, faults. Not the hardware.

#include "ipw/energy/nvml.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

class Nvml : public testing::Test {
 protected:
  void script(const std::string& text) const {
    const auto path = machine_.write("nvml.txt", text);
    ::setenv("IPW_NVML_STUB_SCRIPT", path.c_str(), 1);
  }
  static Probe probe(std::optional<std::string> visible = std::nullopt) {
    return probe_nvml({{"libipw-no-such-library.so", IPW_NVML_STUB}, std::move(visible)});
  }

 private:
  FakeMachine machine_;
};

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

TEST_F(Nvml, ReadsMillijoulesOfEveryGpuByItsUuid) {
  script("gpu GPU-1111 1500 0 0\ngpu GPU-2222 99000 0 0\n");
  const Probe found = probe();
  ASSERT_EQ(found.sensors.size(), 2U);
  EXPECT_EQ(found.sensors[0]->describe().id, "nvml:GPU-1111");
  EXPECT_EQ(found.sensors[0]->describe().device, "Stub Accelerator");
  EXPECT_DOUBLE_EQ(found.sensors[0]->read(ms(3))->counter.count(), 1.5);
  EXPECT_DOUBLE_EQ(found.sensors[1]->read(ms(3))->counter.count(), 99.0);
}

TEST_F(Nvml, GivesNoSampleForALostGpuAndBeginsAnEpochWhenItReturns) {
  script("gpu GPU-1111 1000 0 0\ngpu GPU-2222 5000 0 0\n");
  const Probe found = probe();
  ASSERT_EQ(found.sensors.size(), 2U);
  Sensor& second = *found.sensors[1];
  const auto before = second.read(ms(0));
  ASSERT_TRUE(before);

  script("gpu GPU-1111 2000 0 0\ngpu GPU-2222 0 15 0\n");
  EXPECT_EQ(second.read(ms(100)).error().code, core::ErrorCode::kUnavailable);
  EXPECT_TRUE(found.sensors[0]->read(ms(100)));

  script("gpu GPU-2222 5100 0 0 handle 7\n");  // back, at another index, under a new handle
  const auto after = second.read(ms(200));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_DOUBLE_EQ(after->counter.count(), 5.1);
  EXPECT_GT(after->epoch, before->epoch);
}

TEST_F(Nvml, GoesOnAfterATransientErrorWithoutLosingJoules) {
  script("gpu GPU-1111 1000 0 0\n");
  const Probe found = probe();
  Sensor& sensor = *found.sensors.at(0);
  Timeline timeline(sensor.describe());
  timeline.add(sensor.read(ms(0)).value());
  script("gpu GPU-1111 1000 999 0\n");
  EXPECT_EQ(sensor.read(ms(50)).error().code, core::ErrorCode::kUnavailable);
  script("gpu GPU-1111 31000 0 0\n");
  timeline.add(sensor.read(ms(100)).value());
  EXPECT_NEAR(timeline.window(ms(-50), ms(50))->energy.count(), 30.0, 1e-9);
}

TEST_F(Nvml, TakesACounterThatADriverReloadResetForUnknownAndNotForAWrap) {
  script("gpu GPU-1111 900000000 0 0\n");
  const Probe found = probe();
  Sensor& sensor = *found.sensors.at(0);
  Timeline timeline(sensor.describe());
  timeline.add(sensor.read(ms(0)).value());
  script("gpu GPU-1111 12 0 0\n");
  timeline.add(sensor.read(ms(100)).value());
  EXPECT_FALSE(timeline.window(ms(-50), ms(50)));
}

TEST_F(Nvml, SaysThatMigIsOnAndThatTheFigureIsTheBoards) {
  script("gpu GPU-1111 1 0 1\n");
  const Probe found = probe();
  EXPECT_EQ(found.sensors.at(0)->describe().device, "Stub Accelerator (whole board; MIG is on)");
  EXPECT_EQ(found.sensors.at(0)->describe().scope, Scope::kBoard);
}

TEST_F(Nvml, RecordsHiddenGpusWithoutBillingThem) {
  script("gpu GPU-1111 1 0 0\ngpu GPU-2222 1 0 0\n");
  const Probe found = probe("1");
  ASSERT_EQ(found.sensors.size(), 2U);
  EXPECT_FALSE(found.sensors[0]->describe().billed);
  EXPECT_TRUE(found.sensors[1]->describe().billed);
}

TEST_F(Nvml, NamesAGpuThatHasNoCounter) {
  script("gpu GPU-1111 1 3 0\n");
  const Probe found = probe();
  EXPECT_TRUE(found.sensors.empty());
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].status, Finding::Status::kAbsent);
  EXPECT_NE(found.findings[0].detail.find("Not Supported"), std::string::npos);
}

TEST_F(Nvml, IntegratesThePowerOfAGpuWithoutACounter) {
  script("gpu GPU-1111 1 0 0\nnocounter GPU-1111\npower GPU-1111 250000\n");
  const Probe found = probe();
  ASSERT_EQ(found.sensors.size(), 1U);
  Sensor& sensor = *found.sensors[0];
  EXPECT_EQ(sensor.describe().provenance.method, "nvml-power");
  EXPECT_TRUE(sensor.describe().integrated);
  const auto first = sensor.read(ms(100));
  const auto second = sensor.read(ms(200));
  ASSERT_TRUE(first && second);
  EXPECT_NEAR((second->counter - first->counter).count(), 25.0, 1e-9);

  script("gpu GPU-1111 1 15 0\n");
  EXPECT_EQ(sensor.read(ms(300)).error().code, core::ErrorCode::kUnavailable);
  script("gpu GPU-2222 1 0 0\ngpu GPU-1111 1 0 0 handle 3\npower GPU-1111 250000\n");
  const auto after = sensor.read(ms(5000));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_GT(after->epoch, second->epoch) << "the absence is a gap, not 1175 J";
}

TEST_F(Nvml, TellsThePowerBesideTheCounter) {
  script("gpu GPU-1111 1000 0 0\npower GPU-1111 310000\n");
  const Probe found = probe();
  EXPECT_DOUBLE_EQ(found.sensors.at(0)->power()->count(), 310.0);
  script("gpu GPU-1111 1000 0 0\n");
  EXPECT_EQ(found.sensors.at(0)->power().error().code, core::ErrorCode::kUnsupported);
}

TEST_F(Nvml, EstimatesTheSlicesThatTheRunUsesAndOnlyRecordsTheirBoard) {
  script(
      "gpu GPU-1111 7000 0 1\nslice GPU-1111 MIG-aaaa 3\nslice GPU-1111 MIG-bbbb 2\n"
      "gpu GPU-2222 7000 0 1\n");
  const Probe found = probe("MIG-bbbb");
  ASSERT_EQ(found.sensors.size(), 3U);
  const SensorDescription slice = found.sensors[0]->describe();
  EXPECT_EQ(slice.id, "nvml:MIG-bbbb");
  EXPECT_EQ(slice.provenance, (record::Provenance{record::Source::kEstimated, "nvml-mig-share"}));
  EXPECT_TRUE(slice.billed);
  EXPECT_FALSE(slice.assumption.empty());
  EXPECT_NEAR(found.sensors[0]->read(ms(1))->counter.count(), 2.0, 1e-9);
  EXPECT_EQ(found.sensors[1]->describe().id, "nvml:GPU-1111");
  EXPECT_FALSE(found.sensors[1]->describe().billed);
}

TEST_F(Nvml, SaysWhyWhereTheLibraryIsMissingTooOldOrFailing) {
  const Probe missing = probe_nvml({{"libipw-no-such-library.so"}, std::nullopt});
  EXPECT_EQ(missing.findings.at(0).status, Finding::Status::kAbsent);

  const Probe old = probe_nvml({{IPW_NVML_STUB_WITHOUT_ENERGY}, std::nullopt});
  EXPECT_EQ(old.findings.at(0).status, Finding::Status::kBroken);
  EXPECT_NE(old.findings[0].detail.find("nvmlDeviceGetTotalEnergyConsumption"), std::string::npos);

  script("init 9\n");
  const Probe failing = probe();
  EXPECT_EQ(failing.findings.at(0).status, Finding::Status::kBroken);
  EXPECT_NE(failing.findings[0].detail.find("Driver Not Loaded"), std::string::npos);

  script("");
  EXPECT_EQ(probe().findings.at(0).status, Finding::Status::kAbsent);
}

TEST(CudaShows, FollowsCudasRules) {
  const auto shows = [](const std::optional<std::string>& list, unsigned index) {
    const std::string uuid = "GPU-" + std::string(4, static_cast<char>('a' + index));
    return cuda_shows(list, index, uuid, 3);
  };
  EXPECT_TRUE(shows(std::nullopt, 2));
  EXPECT_FALSE(shows("", 0));
  EXPECT_FALSE(shows("-1", 0));
  EXPECT_TRUE(shows("0,2", 2));
  EXPECT_FALSE(shows("0,2", 1));
  EXPECT_TRUE(shows(" 1 , 2", 1));
  EXPECT_FALSE(shows("0,7,1", 1)) << "the list ends at the first entry that is no device";
  EXPECT_FALSE(shows("NoDevFiles", 0));
  EXPECT_TRUE(shows("GPU-bb", 1)) << "a UUID may be shortened";
  EXPECT_FALSE(shows("GPU-bb", 0));
  EXPECT_TRUE(shows("GPU-cccc,GPU-aaaa", 0));
  EXPECT_TRUE(shows("MIG-GPU-bbbb/1/0", 1));
  EXPECT_FALSE(shows("MIG-0123", 1));
  EXPECT_TRUE(cuda_shows("MIG-0123", 1, "GPU-bbbb", 3, true)) << "its board is not told";
}

}  // namespace
}  // namespace ipw::energy
