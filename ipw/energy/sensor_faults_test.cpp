// Random faults against sensors whose truth is known: whatever happens, no joule is invented, and
// what the timeline knows is what was used.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "ipw/core/random.h"
#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/power_sensor.h"
#include "ipw/energy/rapl_powercap.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {
namespace {

using std::chrono::milliseconds;

constexpr int kStep = 10;                          // ms between readings
constexpr int kSteps = 3000;                       // half a minute
constexpr double kRange = 262'143'328'850 * 1e-6;  // J
constexpr const char* kFile = "sys/class/powercap/intel-rapl:0/energy_uj";
constexpr double kHighest = 200.0;  // W of the load

core::Instant at_step(int step) { return core::Instant(milliseconds(kStep * step)); }

// 50 W and 200 W in turns of 5 s.
double power_at(int step) { return step / 500 % 2 == 0 ? 50.0 : kHighest; }

double used_until(double seconds) {
  double joules = 0.0;
  for (double from = 0.0; from < seconds; from += 5.0) {
    joules += power_at(static_cast<int>(from * 100.0)) * std::min(5.0, seconds - from);
  }
  return joules;
}

// Joules and truth over the stretches that the timeline knows, and how many gaps lie between them.
struct Known {
  double told = 0.0;
  double truth = 0.0;
  double seconds = 0.0;
  int edges = 2;
};

Known known_part(const Timeline& timeline) {
  Known known;
  const auto seconds = [](core::Instant at) {
    return core::Seconds(at.time_since_epoch()).count();
  };
  timeline.visit(at_step(-1), at_step(kSteps + 1), [&](const Interval& interval) {
    if (!interval.known) {
      known.edges += 2;
      return;
    }
    known.told += to_joules(interval.energy).count();
    known.truth += used_until(seconds(interval.to)) - used_until(seconds(interval.from));
    known.seconds += interval.length().count();
  });
  return known;
}

// A counter in a file that vanishes, returns, resets, jumps, freezes and turns to rubbish.
class FaultyCounter {
 public:
  FaultyCounter(const FakeMachine& machine, std::uint64_t seed)
      : machine_(machine), random_(seed), file_(machine.zone("intel-rapl:0", "package-0", 1)) {}

  void move(int step) {
    true_joules_ = used_until(0.001 * kStep * step);
    if (step < until_) return;
    if (fault_ == kVanished && random_.below(2) == 0) origin_ = true_joules_;  // came back at 0
    fault_ = kNone;
    if (random_.below(100) == 0) {
      fault_ = static_cast<Fault>(1 + random_.below(5));
      until_ = step + 1 + static_cast<int>(random_.below(150));
      if (fault_ == kReset) origin_ = true_joules_;
      if (fault_ == kJump) origin_ -= 1000.0 + 50'000.0 * random_.unit();
      if (fault_ == kVanished) {
        std::filesystem::resize_file(file_, 0);
        std::filesystem::remove(file_);
      }
    }
    if (fault_ == kRubbish) write("rubbish");
  }

  void show() {
    if (fault_ == kVanished || fault_ == kFrozen || fault_ == kRubbish) return;
    const double shown = std::fmod(true_joules_ - origin_, kRange);
    write(std::to_string(static_cast<std::uint64_t>(std::llround(shown * 1e6))));
  }

 private:
  enum Fault : std::uint8_t { kNone, kVanished, kReset, kJump, kFrozen, kRubbish };
  // Over what stood there, blanks to the end: a file that is cut is written to the disk each time.
  void write(std::string text) const {
    text.resize(20, ' ');
    if (!std::filesystem::exists(file_)) machine_.write(kFile, text);
    std::fstream(file_, std::ios::in | std::ios::out) << text;
  }

  const FakeMachine& machine_;
  core::Random random_;
  std::filesystem::path file_;
  double true_joules_ = 0.0;
  double origin_ = 1000.0 - kRange;  // wraps after a kilojoule
  Fault fault_ = kNone;
  int until_ = 0;
};

TEST(SensorFaults, NeverMakeACounterInventAJoule) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const FakeMachine machine;
    FaultyCounter counter(machine, seed);
    counter.move(0);
    counter.show();
    const Probe probe = probe_rapl_powercap(machine.root());
    ASSERT_EQ(probe.sensors.size(), 1U);
    Timeline timeline(probe.sensors[0]->describe());
    int errors = 0;
    for (int step = 1; step <= kSteps; ++step) {
      counter.move(step);
      counter.show();
      const auto sample = probe.sensors[0]->read(at_step(step));
      if (sample) timeline.add(*sample);
      errors += sample ? 0 : 1;
    }
    const Known known = known_part(timeline);
    EXPECT_GT(errors, 0) << "seed " << seed;
    EXPECT_GT(known.edges, 2) << "seed " << seed << " had no gap";
    EXPECT_GT(known.seconds, 5.0) << "seed " << seed;
    // An edge lies within a reading of where it seems to be.
    EXPECT_NEAR(known.told, known.truth, known.edges * kHighest * 0.001 * kStep) << "seed " << seed;
    EXPECT_LE(known.told, used_until(0.001 * kStep * kSteps) + 1e-6) << "seed " << seed;
  }
}

TEST(SensorFaults, NeverMakeAnIntegratedPowerInventAJoule) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    core::Random random(seed);
    core::Result<core::Watts> power = core::Watts(0.0);
    SensorDescription description;
    description.id = "power:faulty";
    description.update_period = core::Seconds(0.01);
    description.max_power = core::Watts(500.0);
    const auto sensor = power_sensor(description, [&] { return power; });
    Timeline timeline(sensor->describe());
    int away_until = 0;
    bool absurd = false;
    for (int step = 0; step <= kSteps; ++step) {
      if (step >= away_until && random.below(200) == 0) {
        away_until = step + 1 + static_cast<int>(random.below(200));
        absurd = random.below(2) == 0;
      }
      power = core::Watts(power_at(step));
      if (step < away_until && absurd) power = core::Watts(1e16);
      if (step < away_until && !absurd) power = core::fail(core::ErrorCode::kUnavailable, "gone");
      if (const auto sample = sensor->read(at_step(step))) timeline.add(*sample);
    }
    const Known known = known_part(timeline);
    EXPECT_GT(known.edges, 2) << "seed " << seed << " had no gap";
    // Absences of up to half a second are bridged; one that hides a step of the load is wrong by at
    // most half of it.
    EXPECT_NEAR(known.told, known.truth, 7 * 0.5 * 0.5 * (kHighest - 50.0)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ipw::energy
