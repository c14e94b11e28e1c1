// The line against NIST's certified regression and against what cannot be fitted.
#include "ipw/metrics/line_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

// NIST StRD, data set Norris (calibration of ozone monitors): y, x.
constexpr double kNorris[][2] = {
    {0.1, 0.2},     {338.8, 337.4}, {118.1, 118.2}, {888.0, 884.6}, {9.2, 10.1},    {228.1, 226.5},
    {668.5, 666.3}, {998.5, 996.3}, {449.1, 448.6}, {778.9, 777.0}, {559.2, 558.2}, {0.3, 0.4},
    {0.1, 0.6},     {778.1, 775.5}, {668.8, 666.9}, {339.3, 338.0}, {448.9, 447.5}, {10.8, 11.6},
    {557.7, 556.0}, {228.3, 228.1}, {998.0, 995.8}, {888.8, 887.6}, {119.6, 120.2}, {0.3, 0.3},
    {0.6, 0.3},     {557.6, 556.8}, {339.3, 339.1}, {888.0, 887.2}, {998.5, 999.0}, {778.9, 779.0},
    {10.2, 11.1},   {117.6, 118.3}, {228.9, 229.2}, {668.4, 669.1}, {449.2, 448.9}, {0.2, 0.5}};

TEST(LineFit, GivesTheCertifiedRegressionOfNistsNorris) {
  LineFit fit;
  for (const auto& [y, x] : kNorris) fit.add(x, y);
  const auto line = fit.line();
  ASSERT_TRUE(line);
  EXPECT_EQ(line->n, 36);
  EXPECT_NEAR(line->intercept, -0.262323073774029, 1e-10);
  EXPECT_NEAR(line->slope, 1.00211681802045, 1e-12);
  EXPECT_NEAR(line->r_squared, 0.999993745883712, 1e-12);
  const double standard_error = (*line->slope_high - line->slope) / student_quantile(.975, 34);
  EXPECT_NEAR(standard_error, 0.429796848199937e-03, 1e-12);
  EXPECT_NEAR(line->slope - *line->slope_low, *line->slope_high - line->slope, 1e-15);
}

TEST(LineFit, NeedsTwoDifferentPlaces) {
  LineFit fit;
  EXPECT_FALSE(fit.line());
  fit.add(3.0, 1.0);
  EXPECT_FALSE(fit.line());
  fit.add(3.0, 2.0);
  EXPECT_FALSE(fit.line());
  fit.add(4.0, 2.5);
  ASSERT_TRUE(fit.line());
  EXPECT_NEAR(fit.line()->slope, 1.0, 1e-12);
}

TEST(LineFit, ThroughTwoPointsHasNoLimits) {
  LineFit fit;
  fit.add(0.0, 1.0);
  fit.add(2.0, 5.0);
  const auto line = fit.line();
  ASSERT_TRUE(line);
  EXPECT_DOUBLE_EQ(line->intercept, 1.0);
  EXPECT_DOUBLE_EQ(line->slope, 2.0);
  EXPECT_FALSE(line->slope_low);
  EXPECT_FALSE(line->slope_high);
}

// By hand: x 0 1 2, y 0 1 0: slope 0, residual sum of squares 2/3, standard error √(2/3 / 2),
// t(1) = 12.7062.
TEST(LineFit, ThroughThreePointsHasTheLimitsOfOneDegreeOfFreedom) {
  LineFit fit;
  for (const double x : {0.0, 1.0, 2.0}) fit.add(x, x == 1.0 ? 1.0 : 0.0);
  EXPECT_NEAR(*fit.line()->slope_high, 12.7062 * std::sqrt(1.0 / 3.0), 1e-3);
  EXPECT_NEAR(*fit.line()->slope_low, -12.7062 * std::sqrt(1.0 / 3.0), 1e-3);
}

TEST(LineFit, LeavesOutWhatWasNotMeasured) {
  LineFit fit;
  fit.add(0.0, 1.0);
  fit.add(std::numeric_limits<double>::quiet_NaN(), 4.0);
  fit.add(1.0, std::numeric_limits<double>::infinity());
  fit.add(2.0, 5.0);
  EXPECT_EQ(fit.line()->n, 2);
  EXPECT_DOUBLE_EQ(fit.line()->slope, 2.0);
}

TEST(LineFit, OfAConstantExplainsAllOfIt) {
  LineFit fit;
  for (const double x : {1.0, 2.0, 3.0}) fit.add(x, 7.0);
  EXPECT_DOUBLE_EQ(fit.line()->slope, 0.0);
  EXPECT_DOUBLE_EQ(fit.line()->r_squared, 1.0);
}

}  // namespace
}  // namespace ipw::metrics
