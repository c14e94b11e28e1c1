// What a damaged run says of its samples never becomes a time that cannot be.

#include "ipw/report/recorded_samples.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "ipw/energy/telemetry_blob.h"

namespace ipw::report {
namespace {

energy::Sample at(std::int64_t nanoseconds, double joules) {
  return {core::Instant(std::chrono::nanoseconds(nanoseconds)), core::Joules(joules)};
}

core::Result<std::vector<energy::Sample>> read(std::int64_t second, const std::string& blob) {
  return recorded_samples({.sensor = "meter",
                           .second = second,
                           .samples = std::as_bytes(std::span(blob.data(), blob.size()))});
}

TEST(RecordedSamples, OfTheirOwnSecondAreReadInTheirOrder) {
  const std::vector<energy::Sample> kept{at(3'000'000'000, 1.0), at(3'500'000'000, 2.0),
                                         at(3'999'999'999, 4.0)};
  const auto samples = read(3, energy::encode_telemetry(kept));
  ASSERT_TRUE(samples.has_value()) << samples.error().message;
  ASSERT_EQ(samples->size(), 3U);
  EXPECT_EQ(samples->back().at, kept.back().at);
  EXPECT_EQ(samples->back().counter, kept.back().counter);
}

TEST(RecordedSamples, OfAnotherSecondAreRefusedAndTheSensorIsNamed) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;
  for (const std::int64_t time : {std::int64_t{2'999'999'999}, std::int64_t{4'000'000'000},
                                  std::int64_t{-1}, std::int64_t{0}, kFar, -kFar}) {
    const auto samples = read(3, energy::encode_telemetry(std::vector{at(time, 1.0)}));
    ASSERT_FALSE(samples.has_value()) << time;
    EXPECT_EQ(samples.error().code, core::ErrorCode::kInvalidData);
    EXPECT_NE(samples.error().message.find("meter"), std::string::npos);
  }
}

TEST(RecordedSamples, ThatCannotBeDecodedAreRefused) {
  for (const std::string& blob :
       {std::string("\xff"), std::string("no telemetry"), std::string(40, '\xff')}) {
    EXPECT_FALSE(read(3, blob).has_value()) << blob.size();
  }
}

}  // namespace
}  // namespace ipw::report
