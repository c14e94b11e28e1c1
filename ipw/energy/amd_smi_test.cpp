// amd-smi and rocm-smi over a stub library with the same ABI: loading, keys, faults. Not the
// hardware.

#include "ipw/energy/amd_smi.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <string>

#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

using Variables = std::map<std::string, std::string>;
Environment environment(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

using ProbeAmd = Probe (*)(const AmdOptions&);

class Amd : public testing::TestWithParam<ProbeAmd> {
 protected:
  void script(const std::string& text) const {
    const auto path = machine_.write("amd.txt", text);
    ::setenv("IPW_AMD_STUB_SCRIPT", path.c_str(), 1);
  }
  static Probe probe(Variables variables = {}) {
    return GetParam()(
        {{"libipw-no-such-library.so", IPW_AMD_STUB}, environment(std::move(variables))});
  }

 private:
  FakeMachine machine_;
};

constexpr const char* kTwo =
    "gpu 0000:03:00.0 100000 0 GPU-00000000000000aa\n"
    "gpu 0001:83:1f.7 200000 0 GPU-00000000000000bb\n";

TEST_P(Amd, ReadsCountsInTheLibrarysUnitByPciAddress) {
  script(kTwo);
  const Probe found = probe();
  ASSERT_EQ(found.sensors.size(), 2U);
  EXPECT_EQ(found.sensors[0]->describe().domain, "gpu/0000:03:00.0");
  EXPECT_EQ(found.sensors[1]->describe().domain, "gpu/0001:83:1f.7");
  EXPECT_NEAR(found.sensors[0]->read(ms(1))->counter.count(), 1.53, 1e-6);
  EXPECT_NEAR(found.sensors[1]->read(ms(1))->counter.count(), 3.06, 1e-6);
}

TEST_P(Amd, FindsALostGpuAgainAtAnotherIndex) {
  script(kTwo);
  const Probe found = probe();
  ASSERT_EQ(found.sensors.size(), 2U);
  Sensor& second = *found.sensors[1];
  const auto before = second.read(ms(0));
  ASSERT_TRUE(before);

  script("gpu 0001:83:1f.7 300000 0 GPU-00000000000000bb\n");  // the first one fell off the bus
  EXPECT_FALSE(second.read(ms(100))) << "its old number is nobody's";
  const auto after = second.read(ms(200));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_NEAR(after->counter.count(), 4.59, 1e-6);
  EXPECT_EQ(after->epoch, before->epoch) << "it was never lost, only renumbered";
}

TEST_P(Amd, BeginsAnEpochWhenALostGpuReturns) {
  script(kTwo);
  const Probe found = probe();
  Sensor& second = *found.sensors.at(1);
  const auto before = second.read(ms(0));
  script("gpu 0000:03:00.0 100000 0 GPU-00000000000000aa\n");
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(second.read(ms(i)).error().code, core::ErrorCode::kUnavailable);
  }
  script(kTwo);
  const auto after = second.read(ms(10));
  ASSERT_TRUE(after);
  EXPECT_GT(after->epoch, before->epoch);
}

TEST_P(Amd, GivesNoJoulesForACounterThatFroze) {
  script(kTwo);
  const Probe found = probe();
  Sensor& sensor = *found.sensors.at(0);
  Timeline timeline(sensor.describe());
  for (int i = 0; i < 10; ++i) timeline.add(sensor.read(ms(100 * i)).value());
  EXPECT_FALSE(timeline.window(ms(0), ms(900))) << "unknown, and not 0 J";
}

TEST_P(Amd, TakesACounterAtZeroForBroken) {
  script("gpu 0000:03:00.0 0 0 GPU-00000000000000aa\n");
  const Probe found = probe();
  EXPECT_TRUE(found.sensors.empty());
  EXPECT_EQ(found.findings.at(0).status, Finding::Status::kBroken);
}

TEST_P(Amd, BillsOnlyGpusThatTheEnvironmentShows) {
  script(kTwo);
  const Probe found = probe({{"HIP_VISIBLE_DEVICES", "1"}});
  ASSERT_EQ(found.sensors.size(), 2U);
  EXPECT_FALSE(found.sensors[0]->describe().billed);
  EXPECT_TRUE(found.sensors[1]->describe().billed);
  EXPECT_TRUE(
      probe({{"ROCR_VISIBLE_DEVICES", "GPU-00000000000000aa"}}).sensors[0]->describe().billed);
}

TEST_P(Amd, SaysWhyWhereThereIsNone) {
  const Probe missing = GetParam()({{"libipw-no-such-library.so"}, environment({})});
  EXPECT_EQ(missing.findings.at(0).status, Finding::Status::kAbsent);
  const Probe other = GetParam()({{IPW_LEVEL_ZERO_STUB}, environment({})});
  EXPECT_EQ(other.findings.at(0).status, Finding::Status::kBroken);
  script("init 5\n");
  EXPECT_EQ(probe().findings.at(0).status, Finding::Status::kBroken);
  script("");
  EXPECT_EQ(probe().findings.at(0).status, Finding::Status::kAbsent);
  script("gpu 0000:03:00.0 1 2 GPU-00000000000000aa\n");
  EXPECT_EQ(probe().findings.at(0).status, Finding::Status::kBroken) << "not supported";
}

INSTANTIATE_TEST_SUITE_P(Libraries, Amd, testing::Values(probe_amd_smi, probe_rocm_smi),
                         [](const auto& info) { return info.index == 0 ? "AmdSmi" : "RocmSmi"; });

TEST(HipShows, FollowsBothLists) {
  const std::vector<HipDevice> devices{
      {"0000:01:00.0", "GPU-a"}, {"0000:02:00.0", "GPU-b"}, {"0000:03:00.0", "GPU-c"}};
  const auto shows = [&](Variables variables, std::size_t index) {
    return hip_shows(environment(std::move(variables)), devices, index);
  };
  EXPECT_TRUE(shows({}, 2));
  EXPECT_FALSE(shows({{"HIP_VISIBLE_DEVICES", ""}}, 0));
  EXPECT_TRUE(shows({{"HIP_VISIBLE_DEVICES", "2, 0"}}, 0));
  EXPECT_FALSE(shows({{"HIP_VISIBLE_DEVICES", "0,9,1"}}, 1)) << "ends at the first that is none";
  EXPECT_TRUE(shows({{"CUDA_VISIBLE_DEVICES", "1"}}, 1));
  EXPECT_FALSE(shows({{"CUDA_VISIBLE_DEVICES", "1"}, {"HIP_VISIBLE_DEVICES", "0"}}, 1));
  EXPECT_TRUE(shows({{"ROCR_VISIBLE_DEVICES", "GPU-c,0"}, {"HIP_VISIBLE_DEVICES", "0"}}, 2))
      << "the second list counts in what the first one left";
  EXPECT_FALSE(shows({{"ROCR_VISIBLE_DEVICES", "GPU-c,0"}, {"HIP_VISIBLE_DEVICES", "0"}}, 0));
}

TEST(LevelZeroShows, CountsTilesAsGpusUnlessComposite) {
  const std::vector<unsigned> tiles{2, 0, 2};
  const auto shows = [&](Variables variables, std::size_t card) {
    return level_zero_shows(environment(std::move(variables)), tiles, card);
  };
  EXPECT_TRUE(shows({}, 1));
  EXPECT_TRUE(shows({{"ZE_AFFINITY_MASK", "2"}}, 1)) << "0 and 1 are the first card's tiles";
  EXPECT_FALSE(shows({{"ZE_AFFINITY_MASK", "2"}}, 2));
  EXPECT_TRUE(shows({{"ZE_AFFINITY_MASK", "4"}}, 2));
  const Variables composite{{"ZE_AFFINITY_MASK", "0.1,2"},
                            {"ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE"}};
  EXPECT_TRUE(shows(composite, 0));
  EXPECT_FALSE(shows(composite, 1));
  EXPECT_TRUE(shows(composite, 2));
}

}  // namespace
}  // namespace ipw::energy
