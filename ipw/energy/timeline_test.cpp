// Joules of a window, by hand.

#include "ipw/energy/timeline.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "ipw/core/random.h"

namespace ipw::energy {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

SensorDescription meter(double period = 0.010) {
  SensorDescription sensor;
  sensor.id = "test";
  sensor.update_period = core::Seconds(period);
  sensor.max_power = core::Watts(10'000.0);
  return sensor;
}

core::Instant ms(double count) { return core::Instant(microseconds(std::llround(count * 1000))); }

Sample at(double milliseconds, double joules, std::uint32_t epoch = 0) {
  return {ms(milliseconds), core::Joules(joules), epoch};
}

// 100 W, updated and read every 10 ms; boundaries lie at -5, 5, 15, … 95 ms.
Timeline steady() {
  Timeline timeline(meter());
  for (int i = 0; i <= 10; ++i) timeline.add(at(10.0 * i, 1.0 * i));
  return timeline;
}

TEST(IntervalStream, MergesReadingsThatBringNoNews) {
  IntervalStream stream(meter());
  EXPECT_FALSE(stream.add(at(0, 7)));
  for (const double t : {2.5, 5.0, 7.5}) EXPECT_FALSE(stream.add(at(t, 7)));
  const auto interval = stream.add(at(10.0, 8));
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->from, ms(-5));
  EXPECT_EQ(interval->to, ms(8.75)) << "updated between the readings at 7.5 and 10";
  EXPECT_EQ(interval->energy.count, 1'000'000'000);
}

TEST(IntervalStream, IgnoresSamplesThatAreNotLater) {
  IntervalStream stream(meter());
  (void)stream.add(at(10, 7));
  EXPECT_FALSE(stream.add(at(10, 8)));
  EXPECT_FALSE(stream.add(at(5, 9)));
}

TEST(IntervalStream, TakesAStillCounterForNotYetUpdatedWhereIdleIsSeen) {
  IntervalStream stream(meter());
  (void)stream.add(at(0, 7));
  for (int i = 1; i < 100; ++i) EXPECT_FALSE(stream.add(at(10 * i, 7)));
  EXPECT_EQ(stream.add(at(1000, 17))->energy.count, 10'000'000'000);
}

TEST(IntervalStream, TakesAStillCounterForNothingUsedWhereOnlyWorkIsSeen) {
  SensorDescription model = meter();
  model.sees_idle = false;
  IntervalStream stream(model);
  (void)stream.add(at(0, 7));
  core::Instant quiet_until = ms(-5);
  for (int i = 1; i < 100; ++i) {
    if (const auto quiet = stream.add(at(10 * i, 7))) {
      EXPECT_EQ(quiet->from, quiet_until) << "intervals lie end to end";
      EXPECT_EQ(quiet->energy.count, 0);
      quiet_until = quiet->to;
    }
  }
  EXPECT_GE(quiet_until, ms(970));
  const auto busy = stream.add(at(1000, 7.5));
  ASSERT_TRUE(busy);
  EXPECT_EQ(busy->from, quiet_until);
  EXPECT_LT(busy->length().count(), 0.030) << "the work is not spread over the quiet second";
}

TEST(Timeline, SumsWholeIntervalsExactly) {
  const auto window = steady().window(ms(15), ms(85));
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->energy.count(), 7.0, 1e-9);
  EXPECT_NEAR(window->mean_power.count(), 100.0, 1e-9);
  EXPECT_DOUBLE_EQ(window->coverage, 1.0);
  EXPECT_NEAR(window->uncertainty.count(), 0.0, 1e-9);
}

TEST(Timeline, CutsEdgesInProportionAndSaysHowUnsureThatIs) {
  const auto window = steady().window(ms(10), ms(85));  // half of [5, 15]
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->energy.count(), 7.5, 1e-9);
  EXPECT_NEAR(window->uncertainty.count(), 1.0 / std::sqrt(12.0), 1e-9) << "a uniform half";
}

TEST(Timeline, GivesALoneRequestTheWholeEdgeAboveIdle) {
  // 40 W idle; 2 J of work somewhere in [35, 45], of which the request had 38 to 41.
  Timeline timeline(meter());
  double joules = 0.0;
  for (int i = 0; i <= 10; ++i) {
    timeline.add(at(10.0 * i, joules));
    joules += 0.4 + (i == 4 ? 2.0 : 0.0);
  }
  const WindowOptions alone{EdgeRule::kAlone, core::Watts(40.0)};
  const auto window = timeline.window(ms(38), ms(41), alone);
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->energy.count(), 2.0 + 40.0 * 0.003, 1e-9);
  const auto across = timeline.window(ms(30), ms(70), alone);
  EXPECT_NEAR(across->energy.count(), 2.0 + 40.0 * 0.040, 1e-9);
}

TEST(Timeline, CoversWhatSamplesBoundAndNoMore) {
  const auto window = steady().window(ms(45), ms(145));
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->energy.count(), 5.0, 1e-9);
  EXPECT_NEAR(window->coverage, 0.5, 1e-9);
  EXPECT_GE(window->uncertainty.count(), 5.0) << "the other half could hold as much";
  EXPECT_FALSE(steady().window(ms(200), ms(300)));
  EXPECT_FALSE(steady().window(ms(50), ms(50)));
  EXPECT_FALSE(steady().window(ms(60), ms(50)));
  EXPECT_FALSE(Timeline(meter()).window(ms(0), ms(1)));
}

TEST(Timeline, LeavesTheGapOfAResetUnknown) {
  Timeline timeline(meter());
  timeline.add(at(0, 500));
  timeline.add(at(10, 501));
  timeline.add(at(20, 0.2));  // reset, not a wrap
  timeline.add(at(30, 1.2));
  const auto window = timeline.window(ms(-5), ms(25));
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->energy.count(), 2.0, 1e-9);
  EXPECT_NEAR(window->coverage, 2.0 / 3.0, 1e-9);
  EXPECT_FALSE(timeline.window(ms(6), ms(14))) << "inside the gap nothing is known";
}

TEST(Timeline, CombinesResolutionAndMethod) {
  SensorDescription coarse = meter();
  coarse.resolution = core::Joules(0.6);
  coarse.method_uncertainty = 0.1;
  Timeline timeline(coarse);
  for (int i = 0; i <= 10; ++i) timeline.add(at(10.0 * i, 1.0 * i));
  const auto window = timeline.window(ms(15), ms(85));
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->uncertainty.count(), std::sqrt(0.36 / 6.0 + 0.49), 1e-9);
}

TEST(Timeline, AddsUpOverAnyPartition) {
  core::Random random(11);
  Timeline timeline(meter());
  double joules = 0.0;
  for (int i = 0; i <= 1000; ++i) {
    timeline.add(at(10.0 * i + 3.0 * random.unit(), joules));
    joules += 2.0 * random.unit() * (random.below(20) == 0 ? 0.0 : 1.0);
  }
  const auto whole = timeline.window(ms(0), ms(9900));
  ASSERT_TRUE(whole);
  for (int round = 0; round < 50; ++round) {
    double sum = 0.0;
    double from = 0.0;
    while (from < 9900.0) {
      const double to = std::min(9900.0, std::round(from + 1.0 + 200.0 * random.unit()));
      const auto part = timeline.window(ms(from), ms(to));
      ASSERT_TRUE(part);
      sum += part->energy.count();
      from = to;
    }
    EXPECT_NEAR(sum, whole->energy.count(), 1e-6);
  }
}

TEST(Timeline, KeepsNothingBeforeWhatIsDroppedAndMergesQuietTimes) {
  SensorDescription model = meter();
  model.sees_idle = false;
  Timeline timeline(model);
  for (int i = 0; i < 100'000; ++i) timeline.add(at(10.0 * i, 1.0));
  EXPECT_LE(timeline.size(), 2U);

  Timeline busy(meter());
  std::size_t most = 0;
  for (int i = 0; i < 100'000; ++i) {
    busy.add(at(10.0 * i, 1.0 * i));
    busy.drop_before(ms(10.0 * i - 1000.0));
    most = std::max(most, busy.size());
  }
  EXPECT_LE(most, 110U);
  EXPECT_NEAR(busy.window(ms(999'500), ms(999'900))->energy.count(), 40.0, 1e-6);
}

TEST(Timeline, AnswersTheSameForAWindowAroundThinnedDetail) {
  Timeline whole(meter());
  Timeline thinned(meter());
  core::Random random(7);
  double joules = 0.0;
  for (int i = 0; i < 5000; ++i) {
    joules = i == 2500 ? 0.0 : joules + random.unit();  // one reset among them
    const Sample sample = at(10.0 * i, joules);
    whole.add(sample);
    thinned.add(sample);
    if (i % 500 == 499) thinned.thin(ms(1003), ms(10.0 * i - 2000));
  }
  EXPECT_LT(thinned.size(), 900U);
  const auto expected = whole.window(ms(1003), ms(49'000));
  const auto found = thinned.window(ms(1003), ms(49'000));
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->energy.count(), expected->energy.count(), 1e-9);
  EXPECT_DOUBLE_EQ(found->coverage, expected->coverage);
  EXPECT_DOUBLE_EQ(found->uncertainty.count(), expected->uncertainty.count());
  EXPECT_LT(thinned.window(ms(5000), ms(9000)).value_or(WindowEnergy{}).coverage, 0.01)
      << "what was thinned is not made up";
}

TEST(Timeline, DoesNotGiveALoneWindowTheMinuteInWhichReadingsFailed) {
  Timeline timeline(meter());
  for (int i = 0; i <= 10; ++i) timeline.add(at(10.0 * i, 1.0 * i));
  timeline.add(at(60'100, 10.0 + 6000.0));  // 100 W by somebody, for a minute
  const auto window = timeline.window(ms(15), ms(105), {EdgeRule::kAlone, core::Watts(0.0)});
  ASSERT_TRUE(window);
  EXPECT_NEAR(window->energy.count(), 8.0 + 2.0, 0.05) << "its 10 ms and one update beyond";
  EXPECT_GT(window->uncertainty.count(), 10.0);
}

TEST(CutDeviation, IsThatOfAUniformForAHalfAndNothingAtTheEnds) {
  EXPECT_DOUBLE_EQ(cut_deviation(0.0), 0.0);
  EXPECT_DOUBLE_EQ(cut_deviation(1.0), 0.0);
  EXPECT_DOUBLE_EQ(cut_deviation(0.5), 1.0 / std::sqrt(12.0));
}

}  // namespace
}  // namespace ipw::energy
