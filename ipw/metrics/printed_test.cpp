#include "ipw/metrics/printed.h"

#include <gtest/gtest.h>

#include <vector>

namespace ipw::metrics {
namespace {

TEST(Printed, StandsForTheNumbersThatRoundToIt) {
  const auto share = parse_printed("0.930");
  ASSERT_TRUE(share);
  EXPECT_DOUBLE_EQ(share->range().low, 0.9295);
  EXPECT_DOUBLE_EQ(share->range().high, 0.9305);
  EXPECT_DOUBLE_EQ(share->range_at(2).low, 0.925);
  EXPECT_EQ(significant_decimals(*share), 2);
  const auto ipj = parse_printed("8.92e-5");
  ASSERT_TRUE(ipj);
  EXPECT_EQ(ipj->decimals, 7);
  EXPECT_NEAR(ipj->range().high, 8.925e-5, 1e-12);
  EXPECT_EQ(parse_printed("1.5E+3")->decimals, -2);
  EXPECT_EQ(significant_decimals(*parse_printed("0.941")), 3);
  EXPECT_EQ(significant_decimals(*parse_printed("1.000")), 0);
}

TEST(Printed, IsNothingElseThanAPlainNumber) {
  for (const char* text : {"", "70-80", "12 W", "inf", "nan", "1e999", "0x10", "1,5", " 1"}) {
    EXPECT_FALSE(parse_printed(text)) << text;
  }
}

TEST(Range, ArithmeticHoldsEveryResult) {
  const Range a{-1.0, 2.0};
  const Range b{3.0, 4.0};
  EXPECT_DOUBLE_EQ((a * b).low, -4.0);
  EXPECT_DOUBLE_EQ((a * b).high, 8.0);
  EXPECT_DOUBLE_EQ((a - b).low, -5.0);
  EXPECT_DOUBLE_EQ((b / Range{1.0, 2.0}).high, 4.0);
  EXPECT_TRUE((b / a).holds(1e300));
  EXPECT_FALSE(common({0.0, 1.0}, {1.1, 2.0}));
  EXPECT_TRUE(common({0.0, 0.3}, {0.1 + 0.2, 1.0})) << "doubles are not exact";
}

// The study's leaderboard has 30 samples a cell: 28/30 = .933 can be, .941, .824 and .923 cannot.
TEST(Granularity, RefusesTheSharesThatThirtySamplesCannotGive) {
  for (const char* text : {"0.933", "0.667", "1.000", "0.467", "0.033"}) {
    EXPECT_TRUE(possible_share(parse_printed(text)->range(), 30)) << text;
  }
  for (const char* text : {"0.941", "0.824", "0.923"}) {
    EXPECT_FALSE(possible_share(parse_printed(text)->range(), 30)) << text;
  }
  EXPECT_FALSE(possible_share({1.02, 1.03}, 30));
}

TEST(Granularity, RefusesNothingThatOnceWasACount) {
  for (std::int64_t n = 1; n <= 60; ++n) {
    for (std::int64_t k = 0; k <= n; ++k) {
      char text[16];
      (void)std::snprintf(text, sizeof text, "%.3f",
                          static_cast<double>(k) / static_cast<double>(n));
      EXPECT_TRUE(possible_share(parse_printed(text)->range(), n)) << k << "/" << n;
    }
  }
}

std::vector<Range> ranges(std::initializer_list<const char*> texts) {
  std::vector<Range> result;
  for (const char* text : texts) result.push_back(parse_printed(text)->range());
  return result;
}

// Arxiv 2511.07885v4, table 13: success rate / IPW is 352 W for every model on the M4 Max.
TEST(ConstantRatio, IsFoundInThePublishedTableOfFourModels) {
  const auto rate = ranges({"49.3", "57.5", "59.5", "69.5"});
  const auto ipw = ranges({"1.40e-3", "1.63e-3", "1.69e-3", "1.97e-3"});
  const auto constant = constant_ratio(rate, ipw);
  ASSERT_TRUE(constant);
  EXPECT_NEAR(constant->middle() / 100.0, 352.5, 1.0);
  EXPECT_TRUE(clearly_vary(rate));
  const auto other = ranges({"1.40e-3", "1.63e-3", "1.75e-3", "1.97e-3"});
  EXPECT_FALSE(constant_ratio(rate, other));
}

TEST(ConstantRatio, SaysNothingWhereTheValuesHardlyVary) {
  EXPECT_FALSE(clearly_vary(ranges({"0.001", "0.001", "0.002"})));
  EXPECT_TRUE(clearly_vary(ranges({"0.60", "0.70", "1.00"})));
}

}  // namespace
}  // namespace ipw::metrics
