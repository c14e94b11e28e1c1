// Queues whose knee the textbooks give.

#include "ipw/metrics/knee.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ipw::metrics {
namespace {

Estimate sure(double value) { return {value, value, value}; }

TEST(Knee, OfAnMM1QueueIsHalfItsCapacity) {
  // Served at 10 per second: mean time in system 1 / (10 - rate), power rate · (10 - rate).
  std::vector<LoadPoint> points;
  for (const double rate : {1.0, 3.0, 5.0, 7.0, 9.0}) {
    points.push_back({rate, sure(rate), sure(1.0 / (10.0 - rate))});
  }
  const auto knee = find_knee(points);
  ASSERT_TRUE(knee);
  EXPECT_EQ(knee->point, 2U);
  EXPECT_DOUBLE_EQ(knee->power[2].value, 25.0);
  EXPECT_DOUBLE_EQ(knee->power[3].value, 21.0);
  EXPECT_TRUE(knee->peers.empty());
  EXPECT_FALSE(knee->at_lowest || knee->at_highest);
}

TEST(Knee, OfAClosedLoopIsWhereTheQueueBegins) {
  // 4 servers of 1 s each: throughput min(n, 4), latency max(1, n / 4) by Little's law.
  std::vector<LoadPoint> points;
  for (const double n : {1.0, 2.0, 4.0, 8.0, 16.0}) {
    points.push_back({n, sure(std::min(n, 4.0)), sure(std::max(1.0, n / 4.0))});
  }
  EXPECT_EQ(find_knee(points)->point, 2U);
}

TEST(Knee, AtAnEndOfTheSweepMayLieBeyondIt) {
  const std::vector<LoadPoint> rising = {{1, sure(1), sure(1)}, {2, sure(2), sure(1)}};
  EXPECT_TRUE(find_knee(rising)->at_highest);
  const std::vector<LoadPoint> flat = {{1, sure(1), sure(1)}, {2, sure(1), sure(2)}};
  EXPECT_TRUE(find_knee(flat)->at_lowest);
  EXPECT_FALSE(find_knee(std::span(flat).first(1)));
}

TEST(Knee, PointsThatCannotBeToldFromItAreNamed) {
  const std::vector<LoadPoint> points = {{1, sure(1), sure(1)},
                                         {2, sure(2), {1.0, .8, 1.25}},
                                         {3, sure(2.2), {1.15, 1.0, 1.3}},
                                         {4, sure(2.2), sure(4)}};
  const auto knee = find_knee(points);
  EXPECT_EQ(knee->point, 1U);
  EXPECT_EQ(knee->peers, (std::vector<std::size_t>{2}));
}

}  // namespace
}  // namespace ipw::metrics
