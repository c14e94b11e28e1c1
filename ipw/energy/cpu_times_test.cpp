// Others' CPU time from two clocks, and the joules that are divided by it.

#include "ipw/energy/cpu_times.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "ipw/energy/attribution.h"

namespace ipw::energy {
namespace {

core::Instant at(double seconds) {
  return core::Instant(std::chrono::nanoseconds(std::llround(seconds * 1e9)));
}

CpuMoment moment(double seconds, double ours, std::optional<double> busy = std::nullopt) {
  return {at(seconds), core::Seconds(ours),
          busy ? std::optional(core::Seconds(*busy)) : std::nullopt};
}

struct Clocks {
  const char* name;
  std::vector<CpuMoment> moments;
  double from, to;
  std::optional<double> ours, others;  // absent: cannot be told
};

class CpuTimesOf : public testing::TestWithParam<Clocks> {};

TEST_P(CpuTimesOf, TellsOursFromOthers) {
  CpuTimes times;
  for (const CpuMoment& moment : GetParam().moments) times.add(moment);
  const std::optional<CpuUse> use = times.between(at(GetParam().from), at(GetParam().to));
  ASSERT_EQ(use.has_value(), GetParam().ours.has_value());
  if (!use) return;
  EXPECT_NEAR(use->ours.count(), *GetParam().ours, 1e-9);
  EXPECT_NEAR(use->others.count(), *GetParam().others, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(
    Clocks, CpuTimesOf,
    testing::Values(Clocks{"NothingRead", {}, 0, 1, {}, {}},
                    Clocks{"BusyReadOnce", {moment(0, 0, 0), moment(1, 1)}, 0, 1, {}, {}},
                    Clocks{"Alone", {moment(0, 5, 90), moment(1, 6, 91)}, 0, 1, 1.0, 0.0},
                    Clocks{"OneNeighbour", {moment(0, 0, 0), moment(1, 1, 2)}, 0, 1, 1.0, 1.0},
                    Clocks{"OursAtItsEdges",
                           {moment(0, 0, 0), moment(0.4, 0), moment(0.5, 0.1), moment(1, 0.1, 1.1)},
                           0.4,
                           0.5,
                           0.1,
                           0.1},
                    Clocks{"TicksBehind",  // busy says .99 where ours says 1, and makes up for it
                           {moment(0, 0, 0), moment(1, 1, 0.99), moment(2, 2, 2.0)},
                           0,
                           2,
                           2.0,
                           0.0},
                    Clocks{"BusyGoesBackwards",  // a guest that moved to another host
                           {moment(0, 0, 500), moment(1, 1, 3), moment(2, 2, 5)},
                           0,
                           2,
                           2.0,
                           1.0},
                    Clocks{"OursGoesBackwards",  // a server that was started again
                           {moment(0, 7, 10), moment(1, 1, 12), moment(2, 8, 13)},
                           0,
                           2,
                           1.0,
                           0.0},
                    Clocks{"ClockStandsStill",
                           {moment(0, 0, 0), moment(0, 9, 9), moment(1, 1, 1)},
                           0,
                           1,
                           1.0,
                           0.0},
                    Clocks{
                        "BehindTheLastReading", {moment(0, 0, 0), moment(1, 1, 3)}, 1, 2, 1.0, 2.0},
                    Clocks{"BeforeTheFirst", {moment(1, 0, 0), moment(2, 1, 3)}, 0, 1, 0.0, 0.0},
                    Clocks{"EmptyStretch", {moment(0, 0, 0), moment(1, 1, 1)}, 1, 1, {}, {}}),
    [](const auto& info) { return std::string(info.param.name); });

// One meter of 10 ms updates, one request all along, a second; what each side gets of 100 J.
struct Division {
  const char* name;
  std::optional<double> idle_watts;
  double idle_company;
  double ours, busy;  // CPU seconds of that second
  double active, loaded_idle, others;
};

class CpuDivision : public testing::TestWithParam<Division> {};

TEST_P(CpuDivision, GivesEachItsPartAndAddsUp) {
  const Division& given = GetParam();
  SensorDescription sensor;
  sensor.id = "rapl:package-0";
  sensor.update_period = core::Seconds(0.01);
  sensor.integrated = true;
  Meter meter{.sensor = sensor, .by_cpu_time = true, .idle_company = given.idle_company};
  if (given.idle_watts) {
    meter.idle = IdlePower{core::Watts(*given.idle_watts), core::Watts(0.0), 100};
  }
  Attributor attributor({meter});
  attributor.add(moment(0, 0, 0));
  attributor.finish(
      {.id = 1, .started = at(0), .first_token = {}, .ended = at(1), .prompt = {}, .output = {}});
  for (int i = 0; i <= 100; ++i) attributor.add(0, {at(0.01 * i), core::Joules(1.0 * i)});
  EXPECT_TRUE(attributor.settle(at(1)).empty()) << "whose work it was is not known yet";
  attributor.add(moment(1, given.ours, given.busy));
  const std::vector<Attributed> released = attributor.settle(at(1));
  ASSERT_EQ(released.size(), 1U);
  const record::EnergyShare& share = released[0].shares.at(0);
  const Ledger& ledger = attributor.ledger(0);
  EXPECT_EQ(ledger.metered.count,
            (ledger.active + ledger.loaded_idle + ledger.others + ledger.unattributed).count);
  EXPECT_NEAR(share.active.count(), given.active, 0.02 * given.active + 1e-6);
  EXPECT_NEAR(share.loaded_idle.value_or(core::Joules(0)).count(), given.loaded_idle,
              0.02 * given.loaded_idle + 1e-6);
  EXPECT_NEAR(to_joules(ledger.others).count(), given.others, 0.02 * given.others + 1e-6);
  const double shared = given.active * given.others / (given.active + given.others + 1e-12);
  EXPECT_GE(share.uncertainty.count(), 0.19 * shared) << "CPU seconds are not equally dear";
}

INSTANTIATE_TEST_SUITE_P(
    Divisions, CpuDivision,
    testing::Values(Division{"Alone", 40, 0, 1, 1, 60, 40, 0},
                    Division{"OneNeighbour", 40, 0, 1, 2, 30, 40, 30},
                    Division{"ThreeNeighbours", 40, 0, 1, 4, 15, 40, 45},
                    Division{"MoreWorkThanCompany", 40, 0, 3, 4, 45, 40, 15},
                    Division{"OnlyTheNeighbourWorks", 40, 0, 0, 1, 0, 40, 60},
                    Division{"NobodyWorks", 40, 0, 0, 0, 60, 40, 0},
                    Division{"TheSameCompanyWhileIdle", 70, 1, 1, 2, 30, 40, 30},
                    Division{"LessCompanyThanWhileIdle", 70, 1, 2, 2, 60, 40, 0},
                    Division{"MoreCompanyThanWhileIdle", 55, 0.5, 1, 3, 18, 46, 36},
                    Division{"IdleUnknown", {}, 0, 1, 2, 50, 0, 50},
                    Division{"IdleAtTheMeter", 100, 0, 1, 2, 0, 100, 0}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(CpuTimes, ForgetsWhatNobodyNeeds) {
  CpuTimes times;
  for (int i = 0; i < 1000; ++i) times.add(moment(i, 0.5 * i, 1.0 * i));
  times.drop_before(at(900.5));
  const auto use = times.between(at(900.5), at(910));
  ASSERT_TRUE(use);
  EXPECT_NEAR(use->ours.count(), 4.75, 1e-9);
  EXPECT_NEAR(use->others.count(), 4.75, 1e-9);
}

TEST(CpuTimes, TellsUpToTheLastReadingOfBusy) {
  CpuTimes times;
  EXPECT_FALSE(times.told_until());
  times.add(moment(0, 0, 0));
  EXPECT_FALSE(times.told_until());
  times.add(moment(1, 1, 1));
  times.add(moment(2, 2));
  EXPECT_EQ(times.told_until(), at(1));
}

}  // namespace
}  // namespace ipw::energy
