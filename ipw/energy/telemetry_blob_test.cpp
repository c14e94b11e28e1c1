// The stored form of samples: bit for bit, there and back, and against broken bytes.

#include "ipw/energy/telemetry_blob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::energy {
namespace {

using std::chrono::nanoseconds;

Sample at(std::int64_t ns, double joules, std::uint32_t epoch = 0) {
  return {core::Instant(nanoseconds(ns)), core::Joules(joules), epoch};
}

TEST(TelemetryBlob, IsWrittenAsDocumented) {
  const std::vector<Sample> samples{at(1000, 0.003, 1), at(1300, 0.005, 1), at(1600, 0.004, 2)};
  const unsigned char expected[] = {
      1,                    // version
      0xC0, 0x84, 0x3D,     // unit: 1,000,000 nJ
      3,                    // samples
      0xD0, 0x0F, 6,    2,  // 1000 ns, 3 mJ, epoch 1, zigzag: 2000, 6, 2
      0xD8, 0x04, 4,    0,  // + 300 ns: 600; + 2 mJ; same epoch
      0,    1,    2,        // the same gap again; − 1 mJ; next epoch
  };
  EXPECT_EQ(encode_telemetry(samples),
            std::string(reinterpret_cast<const char*>(expected), sizeof expected));
}

TEST(TelemetryBlob, GivesBackWhatItWasGiven) {
  core::Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Sample> samples(random.below(50));
    std::int64_t time = static_cast<std::int64_t>(random.next() >> 2);
    for (Sample& sample : samples) {
      time += static_cast<std::int64_t>(random.below(3'000'000));
      sample = at(time, static_cast<double>(random.below(1'000'000'000'000)) * 1e-6,
                  static_cast<std::uint32_t>(random.next()));
    }
    const auto decoded = decode_telemetry(encode_telemetry(samples));
    ASSERT_TRUE(decoded) << decoded.error().message;
    ASSERT_EQ(decoded->size(), samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      EXPECT_EQ((*decoded)[i].at, samples[i].at);
      EXPECT_EQ((*decoded)[i].epoch, samples[i].epoch);
      EXPECT_NEAR((*decoded)[i].counter.count(), samples[i].counter.count(), 1e-9);
    }
  }
}

TEST(TelemetryBlob, TakesAboutSixBytesForASampleOfAKilohertzMeter) {
  core::Random random(3);
  std::vector<Sample> samples;
  double joules = 1000.0;
  for (int i = 0; i < 1000; ++i) {
    joules += static_cast<double>(95'000 + random.below(10'000)) * 1e-6;
    samples.push_back(at(i * 1'000'000 + static_cast<int>(random.below(20'000)), joules));
  }
  EXPECT_LT(encode_telemetry(samples).size(), 7500U);
}

TEST(TelemetryBlob, RefusesEveryTruncation) {
  const std::string blob = encode_telemetry(std::vector{at(5, 1.25), at(9, 2.5), at(14, 2.75)});
  ASSERT_TRUE(decode_telemetry(blob));
  for (std::size_t length = 0; length < blob.size(); ++length) {
    EXPECT_FALSE(decode_telemetry(blob.substr(0, length))) << length;
  }
  EXPECT_FALSE(decode_telemetry(blob + '\0'));
}

TEST(TelemetryBlob, RefusesANewerVersionAndWhatItNeverWrites) {
  std::string blob = encode_telemetry(std::vector{at(5, 1.25)});
  blob[0] = 2;
  EXPECT_EQ(decode_telemetry(blob).error().code, core::ErrorCode::kUnsupported);
  const std::string huge_count("\x01\x01\xFF\xFF\xFF\xFF\x0F", 7);
  EXPECT_EQ(decode_telemetry(huge_count).error().code, core::ErrorCode::kInvalidData);
  const std::string odd_unit("\x01\x05\x00", 3);
  EXPECT_FALSE(decode_telemetry(odd_unit));
  const std::string overlong("\x01\x81\x00\x00", 4);
  EXPECT_FALSE(decode_telemetry(overlong));
}

}  // namespace
}  // namespace ipw::energy
