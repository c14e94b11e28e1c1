// Pairs of counters of which the test knows whether they show the same joules.

#include "ipw/energy/mirror_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <string>

namespace ipw::energy {
namespace {

constexpr double kUnit = 0x1.0p-14;  // J

using Power = std::function<double(double)>;

Power steady(double watts) {
  return [=](double) { return watts; };
}

// 20 W, and 90 W in every other half second; noise of its own by `seed`.
Power working(double seed) {
  return [=](double second) {
    const double load = std::fmod(second, 1.0) < 0.5 ? 20.0 : 90.0;
    return load + 0.5 * std::sin(1000.0 * second + seed) * std::sin(317.0 * second * seed);
  };
}

struct Shown {
  double start = 0.0;  // J
  double period = 0.001;
  double phase = 0.0;   // of its updates, s
  double unit = kUnit;  // J
  double wrap = 0.0;    // J; 0: never
};

// What a counter shows of a power at any instant.
class Counter {
 public:
  Counter(Power power, Shown shown) : power_(std::move(power)), shown_(shown) {}

  double at(double second) {
    const double updated =
        std::floor((second - shown_.phase) / shown_.period) * shown_.period + shown_.phase;
    for (; summed_ < updated; summed_ += kStep) joules_ += power_(summed_) * kStep;
    const double value = std::floor((shown_.start + joules_) / shown_.unit) * shown_.unit;
    return shown_.wrap > 0.0 ? std::fmod(value, shown_.wrap) : value;
  }

 private:
  static constexpr double kStep = 0.0001;
  Power power_;
  Shown shown_;
  double summed_ = 0.0;
  double joules_ = 0.0;
};

struct TwoCounters {
  const char* name;
  Power first;
  Power second;
  Shown first_shown;
  Shown second_shown;
  double seconds;  // watched
  bool mirrored;
  Scope second_scope = Scope::kPackage;
};

class Mirrors : public testing::TestWithParam<TwoCounters> {};

TEST_P(Mirrors, AreToldFromCountersThatAreMerelyAlike) {
  const TwoCounters& two = GetParam();
  std::vector<SensorDescription> sensors(2);
  for (std::size_t i = 0; i < 2; ++i) {
    const Shown& shown = i == 0 ? two.first_shown : two.second_shown;
    sensors[i].update_period = core::Seconds(shown.period);
    sensors[i].resolution = core::Joules(shown.unit);
    if (shown.wrap > 0.0) sensors[i].wrap_range = core::Joules(shown.wrap);
  }
  sensors[1].scope = two.second_scope;
  MirrorWatch watch(sensors);
  Counter first(two.first, two.first_shown);
  Counter second(two.second, two.second_shown);
  for (int round = 0; round * 0.004 < two.seconds; ++round) {
    const double now = round * 0.00397 + 0.00001 * (round % 7);
    const auto at = [](double seconds) {
      return core::Instant(std::chrono::nanoseconds(std::llround(seconds * 1e9)));
    };
    watch.add(0, {at(now), core::Joules(first.at(now))});
    const double then = now + 0.00003;  // read in turn
    watch.add(1, {at(then), core::Joules(second.at(then))});
  }
  const auto mirrors = watch.mirrors();
  EXPECT_FALSE(mirrors[0]);
  EXPECT_EQ(mirrors[1].has_value(), two.mirrored);
}

INSTANTIATE_TEST_SUITE_P(
    Counters, Mirrors,
    testing::Values(
        TwoCounters{"DiesThatShowTheSocket", steady(50), steady(50), {3}, {3}, 0.3, true},
        TwoCounters{"DiesThatShowItUnderWork", working(1), working(1), {3}, {3}, 3, true},
        TwoCounters{"ThatWrapTogether",
                    working(1),
                    working(1),
                    {.start = 3, .wrap = 16},
                    {.start = 3, .wrap = 16},
                    3,
                    true},
        TwoCounters{"OneZoneByTwoDrivers", working(1), working(1), {700}, {0}, 3, true},
        TwoCounters{
            "OneZoneInTwoUnits", working(1), working(1), {700}, {.unit = 0x1.0p-16}, 3, true},
        TwoCounters{"AGpuByTwoLibraries",
                    working(1),
                    working(1),
                    {.start = 9e5, .period = 0.02, .unit = 0.001},
                    {.start = 12, .period = 0.02, .unit = 0.00001},
                    6,
                    true},
        TwoCounters{"SocketsOfOneLoad", working(1), working(2), {5}, {9}, 3, false},
        TwoCounters{"SocketsThatBeganTogether", working(1), working(2), {0}, {0}, 3, false},
        TwoCounters{"SocketsOfOneSteadyPower", steady(50), steady(50), {5}, {9}, 3, false},
        TwoCounters{"SocketsThatIdleAlike", steady(50), steady(50.5), {5}, {5}, 3, false},
        TwoCounters{"SocketsThatTickInTurn",
                    steady(50),
                    steady(50),
                    {5},
                    {.start = 5, .phase = 0.0005},
                    3,
                    false},
        TwoCounters{"OneBusyOneIdle", working(1), steady(20), {5}, {5}, 3, false},
        TwoCounters{"BothStandStill", steady(0), steady(0), {5}, {5}, 3, false},
        TwoCounters{"OneStandsStill", steady(50), steady(0), {5}, {5}, 0.3, false},
        TwoCounters{
            "APackageAndItsMemory", working(1), working(1), {3}, {3}, 3, false, Scope::kDram},
        TwoCounters{"WatchedTooShortly", steady(50), steady(50), {3}, {3}, 0.04, false}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(MirrorsOfThree, AreAllOfTheFirst) {
  MirrorWatch watch(std::vector<SensorDescription>(3));
  for (int i = 0; i < 100; ++i) {
    for (std::size_t sensor = 0; sensor < 3; ++sensor) {
      watch.add(sensor, {core::Instant(std::chrono::milliseconds(4 * i)), core::Joules(0.2 * i)});
    }
  }
  const auto mirrors = watch.mirrors();
  EXPECT_FALSE(mirrors[0]);
  EXPECT_EQ(mirrors[1], 0U);
  EXPECT_EQ(mirrors[2], 0U);
}

}  // namespace
}  // namespace ipw::energy
