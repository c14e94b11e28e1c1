// The division of joules among requests, by hand.

#include "ipw/energy/attribution.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <string>

#include "ipw/core/random.h"
#include "ipw/energy/meter_attribution.h"

namespace ipw::energy {
namespace {

using std::chrono::microseconds;

core::Instant ms(double count) { return core::Instant(microseconds(std::llround(count * 1000))); }

SensorDescription gpu() {
  SensorDescription sensor;
  sensor.id = "nvml:GPU-1";
  sensor.update_period = core::Seconds(0.010);
  sensor.max_power = core::Watts(10'000.0);
  return sensor;
}

SensorDescription cpu_model() {
  SensorDescription sensor = gpu();
  sensor.id = "cpu-time:host";
  sensor.sees_idle = false;
  return sensor;
}

IdlePower watts(double mean) { return {core::Watts(mean), core::Watts(0.0), 100}; }

// An update at every 10 ms of what `joules` says of the interval before; the meter's boundaries lie
// 5 ms before its readings, so readings come 5 ms late here to put them on the tens.
template <class JoulesOf>
void run(Attributor& attributor, int updates, JoulesOf joules_of) {
  double counter = 0.0;
  for (int i = 0; i <= updates; ++i) {
    if (i > 0) counter += joules_of(i - 1);
    attributor.add(0, {ms(10.0 * i + 5.0), core::Joules(counter)});
  }
}

RequestWork request(std::uint64_t id, double from, double to) {
  return {.id = id,
          .started = ms(from),
          .first_token = {},
          .ended = ms(to),
          .prompt = {},
          .output = {}};
}

RequestWork tokens(RequestWork work, double first_token, int prompt, int output) {
  work.first_token = ms(first_token);
  work.prompt = core::Tokens{prompt};
  work.output = core::Tokens{output};
  return work;
}

std::map<std::uint64_t, record::EnergyShare> by_id(std::vector<Attributed> released) {
  std::map<std::uint64_t, record::EnergyShare> result;
  for (Attributed& one : released) {
    if (!one.shares.empty()) result[one.id] = one.shares.at(0);
  }
  return result;
}

void expect_balanced(const Ledger& ledger) {
  EXPECT_EQ(ledger.metered.count,
            (ledger.active + ledger.loaded_idle + ledger.others + ledger.unattributed).count);
}

TEST(Attribution, GivesALoneRequestAllThatIsAboveIdleEdgesIncluded) {
  Attributor attributor({{gpu(), watts(40.0)}});
  attributor.finish(request(1, 23, 47));
  // 100 W while it ran: 0.7 × 0.6 J, 2 × 0.6 J, 0.7 × 0.6 J above 0.4 J of idle each.
  run(attributor, 10, [](int i) { return 0.4 + (i == 2 || i == 4 ? 0.42 : i == 3 ? 0.6 : 0.0); });
  const auto shares = by_id(attributor.settle(ms(105)));
  ASSERT_TRUE(shares.contains(1));
  const record::EnergyShare& share = shares.at(1);
  EXPECT_NEAR(share.active.count(), 24e-3 * 60.0, 1e-8);
  ASSERT_TRUE(share.loaded_idle);
  EXPECT_NEAR(share.loaded_idle->count(), 24e-3 * 40.0, 1e-8);
  EXPECT_NEAR(share.device_power->count(), 100.0, 1e-6);
  EXPECT_DOUBLE_EQ(share.coverage, 1.0);
  EXPECT_EQ(share.sensor, "nvml:GPU-1");
  expect_balanced(attributor.ledger(0));
}

TEST(Attribution, DividesByTokensSoThatAPrefillingNeighbourPaysItsPart) {
  // One interval, both in flight throughout: 100 prompt tokens at 1 against 20 output tokens at 2.
  Attributor attributor({{gpu(), watts(0.0)}}, TokenCost{1.0, 2.0});
  attributor.finish(tokens(request(1, 0, 20), 10, 100, 0));
  attributor.finish(tokens(request(2, -10, 10), 0, 7, 21));  // the first token came at 0
  run(attributor, 3, [](int i) { return i == 0 ? 1.4 : 0.0; });
  const auto shares = by_id(attributor.flush());
  EXPECT_NEAR(shares.at(1).active.count(), 1.4 * 100.0 / 140.0, 1e-8);
  EXPECT_NEAR(shares.at(2).active.count(), 1.4 * 40.0 / 140.0, 1e-8);
}

TEST(Attribution, DividesByTimeWhereTokensAreUnknown) {
  Attributor attributor({{gpu(), watts(0.0)}}, TokenCost{1.0, 2.0});
  attributor.finish(tokens(request(1, 0, 10), 5, 1000, 0));
  attributor.finish(request(2, 0, 5));
  run(attributor, 2, [](int i) { return i == 0 ? 3.0 : 0.0; });
  const auto shares = by_id(attributor.flush());
  EXPECT_NEAR(shares.at(1).active.count(), 2.0, 1e-8);
  EXPECT_NEAR(shares.at(2).active.count(), 1.0, 1e-8);
}

TEST(Attribution, DividesIdleEquallyAmongThoseInFlightAndLeavesTheRest) {
  Attributor attributor({{gpu(), watts(100.0)}});
  attributor.finish(request(1, 0, 8));
  attributor.finish(request(2, 4, 8));
  run(attributor, 1, [](int) { return 1.0; });  // idle and nothing else
  const auto shares = by_id(attributor.flush());
  EXPECT_NEAR(shares.at(1).loaded_idle->count(), 0.4 + 0.2, 1e-8);
  EXPECT_NEAR(shares.at(2).loaded_idle->count(), 0.2, 1e-8);
  EXPECT_NEAR(to_joules(attributor.ledger(0).unattributed).count(), 0.2, 1e-8);
  EXPECT_NEAR(shares.at(2).device_power->count(), 100.0, 1e-6) << "the device's, not a share of it";
}

TEST(Attribution, HasNoLoadedIdleWhereIdleIsNotSeenButTakesTheBackgroundOff) {
  Attributor attributor({{cpu_model(), watts(20.0)}});
  attributor.finish(request(1, 10, 30));
  run(attributor, 5, [](int i) { return i == 1 || i == 2 ? 1.0 : 0.2; });
  const auto shares = by_id(attributor.flush());
  EXPECT_FALSE(shares.at(1).loaded_idle);
  EXPECT_NEAR(shares.at(1).active.count(), 1.6, 1e-8);
  EXPECT_NEAR(shares.at(1).device_power->count(), 80.0, 1e-6) << "above idle: idle is unknown";
  expect_balanced(attributor.ledger(0));
}

TEST(Attribution, SharesOneUpdateAmongManyShortRequests) {
  Attributor attributor({{gpu(), watts(0.0)}});
  for (unsigned i = 0; i < 9; ++i) attributor.finish(request(i, 10 + i, 11 + i));
  run(attributor, 3, [](int i) { return i == 1 ? 0.9 : 0.0; });
  const auto shares = by_id(attributor.flush());
  ASSERT_EQ(shares.size(), 9U);
  for (const auto& [id, share] : shares) {
    EXPECT_NEAR(share.active.count(), 0.1, 1e-8);
    EXPECT_GT(share.uncertainty.count(), 0.1) << "shorter than an update: little is known";
  }
}

TEST(Attribution, WaitsForTheNeighbourThatIsStillRunning) {
  Attributor attributor({{gpu(), watts(0.0)}});
  attributor.begin(1, ms(0));
  attributor.begin(2, ms(12));
  attributor.finish(request(2, 12, 18));
  run(attributor, 10, [](int) { return 1.0; });
  EXPECT_TRUE(attributor.settle(ms(100)).empty()) << "who shared with 2 is not known yet";
  EXPECT_EQ(attributor.pending(), 1U);
  attributor.finish(request(1, 0, 80));
  const auto shares = by_id(attributor.settle(ms(105)));
  EXPECT_EQ(shares.size(), 2U);
  EXPECT_NEAR(shares.at(2).active.count(), 6.0 / 16.0, 1e-8);
  EXPECT_EQ(attributor.pending(), 0U);
}

TEST(Attribution, DoesNotReleaseBeforeTheSamplesCoverTheWindow) {
  Attributor attributor({{gpu(), watts(0.0)}});
  attributor.finish(request(1, 12, 38));
  attributor.add(0, {ms(5), core::Joules(0.0)});
  for (int i = 1; i <= 3; ++i) {
    attributor.add(0, {ms(10.0 * i + 5.0), core::Joules(1.0 * i)});
    EXPECT_TRUE(attributor.settle(ms(10.0 * i + 5.0)).empty()) << i;
  }
  attributor.add(0, {ms(45), core::Joules(4.0)});
  EXPECT_EQ(attributor.settle(ms(45)).size(), 1U);
}

TEST(Attribution, WaitsForASilentMeterOnlySoLong) {
  Attributor attributor({{gpu(), watts(0.0)}});
  attributor.finish(request(1, 10, 50));
  run(attributor, 3, [](int) { return 1.0; });  // then the meter falls silent at 30 ms
  EXPECT_TRUE(attributor.settle(ms(900)).empty());
  const auto shares = by_id(attributor.settle(ms(1100)));
  ASSERT_EQ(shares.size(), 1U);
  EXPECT_NEAR(shares.at(1).coverage, 0.5, 1e-9);
  EXPECT_NEAR(shares.at(1).active.count(), 2.0, 1e-8);
  EXPECT_GE(shares.at(1).uncertainty.count(), 2.0);
}

TEST(Attribution, GivesNoShareOfWhatNoSampleCovers) {
  Attributor attributor({{gpu(), watts(0.0)}});
  attributor.finish(request(1, 10, 50));
  const auto released = attributor.flush();
  ASSERT_EQ(released.size(), 1U);
  EXPECT_TRUE(released[0].shares.empty());
}

TEST(Attribution, ReleasesRequestsWithoutAnyMeter) {
  Attributor attributor({});
  attributor.begin(4, ms(0));
  attributor.finish(request(4, 0, 1));
  EXPECT_EQ(attributor.settle(ms(2)).size(), 1U);
  EXPECT_EQ(attributor.pending(), 0U);
}

TEST(Attribution, NeverBillsAReset) {
  Attributor attributor({{gpu(), watts(0.0)}});
  attributor.finish(request(1, 0, 40));
  double counter = 1000.0;
  for (int i = 0; i <= 5; ++i) {
    attributor.add(0, {ms(10.0 * i + 5.0), core::Joules(counter)});
    counter = i == 1 ? 0.0 : counter + 1.0;
  }
  const auto shares = by_id(attributor.flush());
  EXPECT_NEAR(shares.at(1).active.count(), 3.0, 1e-8);
  EXPECT_NEAR(shares.at(1).coverage, 0.75, 1e-9);
  EXPECT_NEAR(attributor.ledger(0).unknown.count(), 0.010, 1e-9);
  expect_balanced(attributor.ledger(0));
}

TEST(Attribution, DoesNotBillAMinuteWithoutReadingsToTheRequestAtItsEdge) {
  Attributor attributor({{gpu(), watts(0.0)}});
  attributor.finish(request(1, 0, 20));
  attributor.add(0, {ms(5), core::Joules(0.0)});
  attributor.add(0, {ms(15), core::Joules(1.0)});
  attributor.add(0, {ms(60'015), core::Joules(6001.0)});  // 100 W by somebody else
  const auto shares = by_id(attributor.flush());
  EXPECT_NEAR(shares.at(1).active.count(), 1.0 + 3.0, 0.01);  // its 10 ms and a period either side
  expect_balanced(attributor.ledger(0));
}

TEST(Attribution, BalancesToTheNanojouleUnderRandomLoadAndFaults) {
  core::Random random(2024);
  for (int round = 0; round < 60; ++round) {
    const bool idle_seen = random.below(2) == 0;
    Attributor attributor({{idle_seen ? gpu() : cpu_model(), watts(30.0 * random.unit())}},
                          TokenCost{1.0, 3.0});
    std::uint64_t id = 0;
    std::int64_t active = 0;
    std::int64_t loaded_idle = 0;
    const auto take = [&](const std::vector<Attributed>& released) {
      for (const Attributed& one : released) {
        for (const record::EnergyShare& share : one.shares) {
          active += to_nanojoules(share.active).count;
          if (share.loaded_idle) loaded_idle += to_nanojoules(*share.loaded_idle).count;
        }
      }
    };
    double counter = 0.0;
    for (int step = 0; step < 300; ++step) {
      const double now = 10.0 * step;
      for (std::uint64_t n = random.below(6); n > 0; --n) {
        const double start = now + 20.0 * random.unit();
        const double end = start + 80.0 * random.unit() * random.unit();
        RequestWork work = request(id++, start, end);
        if (random.below(3) > 0) {
          work = tokens(work, start + (end - start) * random.unit(),
                        static_cast<int>(random.below(500)), static_cast<int>(random.below(50)));
        }
        attributor.finish(work);
      }
      counter += random.below(30) == 0 ? -counter : random.unit();
      if (random.below(10) > 0) {
        attributor.add(0, {ms(now + random.unit()), core::Joules(counter)});
      }
      take(attributor.settle(ms(now)));
    }
    take(attributor.flush());
    const Ledger& ledger = attributor.ledger(0);
    expect_balanced(ledger);
    EXPECT_EQ(active, ledger.active.count) << "what was handed out is what the ledger says";
    EXPECT_EQ(loaded_idle, ledger.loaded_idle.count);
    EXPECT_EQ(attributor.pending(), 0U);
  }
}

// A meter that says the same all along cannot have measured more in service than it ever said, by
// whatever rhythm requests come, and idle unknown.
struct Rhythm {
  const char* name;
  double update_ms;
  double request_ms;
  double pause_ms;
  double watts;
};

class SteadyMeter : public testing::TestWithParam<Rhythm> {};

TEST_P(SteadyMeter, GivesTheSameInServiceAndLeavesThePausesToNobody) {
  const Rhythm& rhythm = GetParam();
  SensorDescription sensor = gpu();
  sensor.update_period = core::Seconds(rhythm.update_ms / 1000.0);
  sensor.integrated = true;
  Attributor attributor({{sensor, std::nullopt}});
  double served = 0.0;
  std::uint64_t id = 0;
  for (double at = 1.5; at < 18'000.0; at += rhythm.request_ms + rhythm.pause_ms) {
    attributor.finish(request(id++, at, at + rhythm.request_ms));
    served += rhythm.request_ms / 1000.0;
  }
  for (double now = 0.0; now <= 20'000.0; now += rhythm.update_ms) {
    attributor.add(0, {ms(now), core::Joules(rhythm.watts * now / 1000.0)});
  }
  double active = 0.0;
  for (const auto& [number, share] : by_id(attributor.flush())) {
    active += share.active.count();
    ASSERT_TRUE(share.device_power);
    EXPECT_NEAR(share.device_power->count(), rhythm.watts, 1e-3 * rhythm.watts) << number;
    EXPECT_GE(share.uncertainty.count(), 0.0);
  }
  EXPECT_NEAR(active, rhythm.watts * served, 1e-3 * rhythm.watts * served);
  expect_balanced(attributor.ledger(0));
  EXPECT_GE(attributor.ledger(0).unattributed.count, 0);
}

INSTANTIATE_TEST_SUITE_P(Rhythms, SteadyMeter,
                         testing::Values(Rhythm{"NoPauses", 100, 300, 0, 100},
                                         Rhythm{"ShortPauses", 100, 90, 10, 100},
                                         Rhythm{"HalfPauses", 100, 150, 150, 100},
                                         Rhythm{"MostlyPauses", 1000, 200, 800, 100},
                                         Rhythm{"OneInManyUpdates", 100, 40, 3000, 123.4},
                                         Rhythm{"ManyInOneUpdate", 2000, 3, 17, 100},
                                         Rhythm{"AsLongAsAnUpdate", 1000, 1000, 1000, 65},
                                         Rhythm{"BeatsWithTheMeter", 100, 101, 99, 700},
                                         Rhythm{"SlowWallMeter", 5000, 700, 1300, 42},
                                         Rhythm{"FewWatts", 50, 20, 60, 0.8}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Attribution, ShowsNoPowerAboveWhatTheMeterEverRead) {
  // 40 W idle, 100 W read over an update of which a tenth was served: 640 W is an inference.
  Attributor attributor({{gpu(), watts(40.0)}});
  attributor.finish(request(1, 12, 13));
  run(attributor, 4, [](int i) { return i == 1 ? 1.0 : 0.4; });
  const auto shares = by_id(attributor.flush());
  EXPECT_FALSE(shares.at(1).device_power);
  EXPECT_NEAR(shares.at(1).active.count(), 0.6, 1e-8) << "the energy above idle was its own";
}

TEST(Attribution, IsAsUnsureAsAnUnknownIdleLeavesIt) {
  // 10 W and 100 W in turn, half of each update of 100 W served: all of it may be the request's.
  Attributor attributor({{gpu(), std::nullopt}});
  attributor.finish(request(1, 10, 20));
  attributor.finish(request(2, 30, 35));
  run(attributor, 6, [](int i) { return i == 1 ? 2.0 : i == 3 ? 1.0 : 0.1; });
  const auto shares = by_id(attributor.flush());
  EXPECT_NEAR(shares.at(2).active.count(), 0.5, 1e-8);
  EXPECT_GE(shares.at(2).uncertainty.count(), 0.5 / std::sqrt(3.0));
  EXPECT_NEAR(to_joules(attributor.ledger(0).unattributed).count(), 0.5 + 4 * 0.1, 1e-8);
}

TEST(WorkWithin, SpreadsPromptAndOutputOverTheirPhases) {
  const RequestWork work = tokens(request(1, 0, 100), 20, 40, 9);
  const TokenCost cost{1.0, 5.0};
  EXPECT_DOUBLE_EQ(work_within(work, cost, ms(0), ms(100)).value(), 40.0 + 45.0);
  EXPECT_DOUBLE_EQ(work_within(work, cost, ms(0), ms(10)).value(), 22.5) << "first token included";
  EXPECT_DOUBLE_EQ(work_within(work, cost, ms(20), ms(60)).value(), 20.0);
  EXPECT_DOUBLE_EQ(work_within(work, cost, ms(200), ms(300)).value(), 0.0);
  EXPECT_FALSE(work_within(request(1, 0, 100), cost, ms(0), ms(1)));
}

}  // namespace
}  // namespace ipw::energy
