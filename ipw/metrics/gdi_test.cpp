#include "ipw/metrics/gdi.h"

#include <gtest/gtest.h>

namespace ipw::metrics {
namespace {

TEST(Gdi, UsesTheSmallerOfGridAndAcceleratorsAndNamesIt) {
  EXPECT_EQ(usable_power(10.0, 20.0).binding, Binding::kPower);
  EXPECT_DOUBLE_EQ(usable_power(10.0, 20.0).watts, 10.0);
  EXPECT_EQ(usable_power(20.0, 10.0).binding, Binding::kAccelerators);
  EXPECT_DOUBLE_EQ(usable_power(20.0, 10.0).watts, 10.0);
  EXPECT_FALSE(usable_power(20.0, {}).both_given);
  EXPECT_EQ(usable_power({}, 5.0).binding, Binding::kAccelerators);
}

// By hand: 75 million × 100 W × ½ × ⅕ × ⅖ = 300 MW; 20 GW / 1.25 × ½ × ½ × ¾ = 3 GW.
TEST(Gdi, MultipliesWhatReachesTheQuestions) {
  EXPECT_NEAR(local_watts({75e6, 100.0, 0.5, 0.2, 0.4}), 300e6, 1.0);
  EXPECT_NEAR(data_centre_watts({20e9, 1.25, 0.5, 0.5, 0.75}), 3e9, 1.0);
}

}  // namespace
}  // namespace ipw::metrics
