// Series whose steady part is known, because they were made with one or without.

#include "ipw/metrics/steady_state.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::metrics {
namespace {

std::vector<float> noise(std::size_t n, double level, double spread, std::uint64_t seed = 1) {
  core::Random random(seed);
  std::vector<float> values(n);
  for (float& value : values) {
    value = static_cast<float>(level + spread * (random.unit() - 0.5));
  }
  return values;
}

TEST(SteadyState, IsThereFromTheBeginningWhereNothingWarmsUp) {
  const SteadyState found = steady_state(noise(400, 1.0, .2));
  ASSERT_TRUE(found.from) << found.reason;
  EXPECT_LT(*found.from, 100U);
}

TEST(SteadyState, BeginsAfterAWarmUp) {
  std::vector<float> values = noise(500, 1.0, .1);
  for (std::size_t i = 0; i < 60; ++i)
    values[i] += static_cast<float>(3.0 - .05 * static_cast<double>(i));
  const SteadyState found = steady_state(values);
  ASSERT_TRUE(found.from) << found.reason;
  EXPECT_GE(*found.from, 50U);
  EXPECT_LE(*found.from, 120U);
}

TEST(SteadyState, IsNotThereAboveSaturationWhereEveryRequestWaitsLonger) {
  std::vector<float> values = noise(500, 1.0, .1);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += .02F * static_cast<float>(i);
  const SteadyState found = steady_state(values);
  EXPECT_FALSE(found.from);
  EXPECT_FALSE(found.reason.empty());
}

TEST(SteadyState, IsNotThereWhereAHalfIsUnlikeTheOther) {
  std::vector<float> values = noise(200, 1.0, .1);
  const std::vector<float> later = noise(100, 9.0, .1, 2);
  values.insert(values.end(), later.begin(), later.end());
  EXPECT_FALSE(steady_state(values).from);
}

TEST(SteadyState, NeedsAHundredRequestsThatCameBack) {
  EXPECT_FALSE(steady_state(noise(99, 1.0, .1)).from);
  std::vector<float> values = noise(120, 1.0, .1);
  for (std::size_t i = 0; i < 30; ++i) values[i] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(steady_state(values).reason, "fewer than 100 requests are too few to tell");
}

TEST(SteadyState, OfValuesThatAreAllEqualIsAllOfThem) {
  EXPECT_EQ(steady_state(std::vector<float>(100, 2.0F)).from, 0U);
}

}  // namespace
}  // namespace ipw::metrics
