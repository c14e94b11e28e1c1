// Work shorter than a few updates, and work beside other work: what the rules make of it.

#include "ipw/energy/short_query_test.h"

#include <gtest/gtest.h>

namespace ipw::energy {
namespace {

using simulation::Bias;
using simulation::short_queries;

TEST(ShortQueries, AreUnbiasedUnderASlowSensorAndNotByTheOtherRules) {
  for (const double idle : {60.0, 0.0}) {
    const Bias bias = short_queries({.idle_watts = idle});
    EXPECT_LT(std::abs(bias.ours), 0.02) << idle << " W idle";
    EXPECT_LT(std::abs(bias.share), 0.02) << idle << " W idle, as a request";
    EXPECT_LT(bias.last_sample, -0.20) << "the reference harness's rule";
    EXPECT_LT(bias.proportional, -0.05) << "cutting in proportion";
    EXPECT_GE(bias.within_two, 0.92) << "the stated interval holds the truth";
  }
}

TEST(ShortQueries, APrefillingRequestBesideADecodingOnePaysItsPart) {
  // 60 W idle; a decode draws 40 W for 10 s; in its middle a prefill draws 300 W for a second.
  SensorDescription sensor;
  sensor.id = "meter";
  sensor.update_period = core::Seconds(0.02);
  sensor.max_power = core::Watts(10'000.0);
  Attributor attributor({{sensor, IdlePower{core::Watts(60.0), core::Watts(0.0), 100}}},
                        TokenCost{0.1, 0.4});
  const auto at = [](double seconds) { return simulation::at(seconds); };
  attributor.finish({1, at(0.0), at(0.0), at(10.0), core::Tokens{0}, core::Tokens{1000}});
  attributor.finish({2, at(4.0), at(5.0), at(5.001), core::Tokens{3000}, core::Tokens{1}});
  double joules = 0.0;
  for (int i = -10; i <= 600; ++i) {
    const double time = 0.02 * i;
    const double power = 60.0 + (time >= 0.0 && time < 10.0 ? 40.0 : 0.0) +
                         (time >= 4.0 && time < 5.0 ? 300.0 : 0.0);
    attributor.add(0, {at(time + 0.01), core::Joules(joules)});
    joules += power * 0.02;
  }
  double decode = 0.0;
  double prefill = 0.0;
  for (const Attributed& one : attributor.flush()) {
    (one.id == 1 ? decode : prefill) = one.shares.at(0).active.count();
  }
  EXPECT_NEAR(prefill, 300.0, 15.0);
  EXPECT_NEAR(decode, 400.0, 15.0) << "by time alone it would have paid 150 J for its neighbour";
}

TEST(ShortQueries, TwentySixInFlightDoNotCountAnythingTwentySixTimes) {
  SensorDescription sensor;
  sensor.id = "meter";
  sensor.update_period = core::Seconds(0.02);
  sensor.max_power = core::Watts(10'000.0);
  Attributor attributor({{sensor, IdlePower{core::Watts(60.0), core::Watts(0.0), 100}}});
  for (unsigned i = 0; i < 26; ++i) {
    attributor.finish({.id = i,
                       .started = simulation::at(1.0),
                       .first_token = {},
                       .ended = simulation::at(3.0),
                       .prompt = {},
                       .output = {}});
  }
  for (int i = 0; i <= 200; ++i) {
    attributor.add(0, {simulation::at(0.02 * i + 0.01), core::Joules(310.0 * 0.02 * i)});
  }
  Nanojoules sum;
  for (const Attributed& one : attributor.flush()) {
    EXPECT_NEAR(one.shares.at(0).total()->count(), 310.0 * 2.0 / 26.0, 0.3);
    sum += to_nanojoules(*one.shares[0].total());
  }
  const Ledger& ledger = attributor.ledger(0);
  EXPECT_NEAR(static_cast<double>(sum.count),
              static_cast<double>((ledger.active + ledger.loaded_idle).count), 100.0);
  EXPECT_EQ(ledger.metered.count, (ledger.active + ledger.loaded_idle + ledger.unattributed).count);
  EXPECT_NEAR(to_joules(sum).count(), 620.0, 8.0);
}

}  // namespace
}  // namespace ipw::energy
