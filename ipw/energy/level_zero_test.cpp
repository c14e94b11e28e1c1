// Level Zero over a stub library with the same ABI: loading, keys, faults. Not the hardware.

#include "ipw/energy/level_zero.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "ipw/energy/fake_machine_test.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

core::Instant ms(int count) { return core::Instant(milliseconds(count)); }

class LevelZero : public testing::Test {
 protected:
  void script(const std::string& text) const {
    const auto path = machine_.write("ze.txt", text);
    ::setenv("IPW_ZE_STUB_SCRIPT", path.c_str(), 1);
  }
  static Probe probe(const std::string& mask = "") {
    return probe_level_zero({{"libipw-no-such-library.so", IPW_LEVEL_ZERO_STUB},
                             [mask](const std::string& name) -> std::optional<std::string> {
                               if (name == "ZE_AFFINITY_MASK" && !mask.empty()) return mask;
                               return std::nullopt;
                             }});
  }

 private:
  FakeMachine machine_;
};

TEST_F(LevelZero, ReadsTheCardsDomainOrTheFirstThatIsNoTiles) {
  script("gpu 0000:03:00.0 1500000 0 0 1\ngpu 0000:83:00.0 2500000 0 2 0\n");
  const Probe found = probe();
  ASSERT_EQ(found.sensors.size(), 2U);
  EXPECT_EQ(found.sensors[0]->describe().id, "level-zero:0000:03:00.0");
  EXPECT_EQ(found.sensors[0]->describe().device, "Stub Arc");
  EXPECT_EQ(found.sensors[1]->describe().domain, "gpu/0000:83:00.0");
  EXPECT_DOUBLE_EQ(found.sensors[0]->read(ms(1))->counter.count(), 1.5);
  EXPECT_DOUBLE_EQ(found.sensors[1]->read(ms(1))->counter.count(), 2.5);
}

TEST_F(LevelZero, GivesNoSampleForALostCardAndBeginsAnEpochWhenItReturns) {
  script("gpu 0000:03:00.0 1000000 0 0 1\ngpu 0000:83:00.0 2000000 0 0 1\n");
  const Probe found = probe();
  ASSERT_EQ(found.sensors.size(), 2U);
  Sensor& second = *found.sensors[1];
  const auto before = second.read(ms(0));
  ASSERT_TRUE(before);
  script("gpu 0000:03:00.0 1000000 0 0 1\n");
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(second.read(ms(i)).error().code, core::ErrorCode::kUnavailable);
  }
  script("gpu 0000:83:00.0 2100000 0 0 1\n");  // back, as the first one
  const auto after = second.read(ms(10));
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_DOUBLE_EQ(after->counter.count(), 2.1);
  EXPECT_GT(after->epoch, before->epoch);
}

TEST_F(LevelZero, SaysWhyWhereThereIsNone) {
  EXPECT_EQ(probe_level_zero({{"libipw-no-such-library.so"}, {}}).findings.at(0).status,
            Finding::Status::kAbsent);
  EXPECT_EQ(probe_level_zero({{IPW_AMD_STUB}, {}}).findings.at(0).status, Finding::Status::kBroken);
  script("init 70010000\n");
  EXPECT_EQ(probe().findings.at(0).status, Finding::Status::kBroken);
  script("");
  EXPECT_EQ(probe().findings.at(0).status, Finding::Status::kAbsent);
  script("gpu 0000:03:00.0 1 70010000 0 1\n");
  EXPECT_EQ(probe().findings.at(0).status, Finding::Status::kDenied);
  script("gpu 0000:03:00.0 1 78000003 0 1\n");
  EXPECT_EQ(probe().findings.at(0).status, Finding::Status::kAbsent);
}

TEST_F(LevelZero, RecordsCardsThatTheMaskHides) {
  script("gpu 0000:03:00.0 1 0 0 1\ngpu 0000:83:00.0 1 0 0 1\n");
  const Probe found = probe("1");
  ASSERT_EQ(found.sensors.size(), 2U);
  EXPECT_FALSE(found.sensors[0]->describe().billed);
  EXPECT_TRUE(found.sensors[1]->describe().billed);
}

}  // namespace
}  // namespace ipw::energy
