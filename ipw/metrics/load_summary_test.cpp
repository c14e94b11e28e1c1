// Four requests on a time line drawn by hand.

#include "ipw/metrics/load_summary.h"

#include <gtest/gtest.h>

#include <limits>

namespace ipw::metrics {
namespace {

TEST(LoadSummary, AddsUpATimeLineDrawnByHand) {
  // intended 0, 1, 2, 3; sent 0, 1, 2.5, 3.5; ended 2, 2.5, 3.5, 5; the last one has no verdict.
  const std::vector<float> score = {1, 0, 1, std::numeric_limits<float>::quiet_NaN()};
  const std::vector<double> ended = {2, 2.5, 3.5, 5};
  const std::vector<float> latency = {2, 1.5, 1.5, 2};
  const std::vector<float> sent = {2, 1.5, 1, 1.5};
  const auto load =
      summarize_load({.score = score, .ended = ended, .latency = latency, .latency_sent = sent});
  ASSERT_TRUE(load);
  EXPECT_EQ(load->requests, 4);
  EXPECT_DOUBLE_EQ(load->span_s, 5.0);
  EXPECT_DOUBLE_EQ(*load->offered, 1.0);
  EXPECT_DOUBLE_EQ(load->completed, 3.0 / 5.0);
  EXPECT_DOUBLE_EQ(load->in_flight_mean, 6.0 / 5.0);
  EXPECT_EQ(load->in_flight_most, 2);
  EXPECT_FALSE(load->steady_from_s);
}

TEST(LoadSummary, OfNothingIsNothing) { EXPECT_FALSE(summarize_load({})); }

}  // namespace
}  // namespace ipw::metrics
