// A simulated device under a meter that fails in every way that meters fail, read by the real
// sampler: no joule that was not used, every gap named as one, parts that still add up.
//
// What no reader can tell is left out: a reset just below the counter's range that nobody reads
// meanwhile looks like a wrap, a jump by less than the device could have used looks like use, and a
// value that froze while nobody could read it is taken for one of the moment of the next reading.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <vector>

#include "ipw/energy/attribution_simulation_test.h"
#include "ipw/energy/fake_machine_test.h"
#include "ipw/energy/sampler.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {
namespace {

using simulation::at;
using simulation::kSpan;
using simulation::TrueDevice;
using simulation::TrueRequest;

constexpr double kUpdate = 0.02;
constexpr double kRange = 16'384.0;  // J, where the counter wraps
constexpr double kJump = 9'000.0;    // J, more than could be used while nobody reads

enum class Fault {
  kReadErrors,
  kPermission,
  kReset,
  kFreeze,
  kJump,
  kOffTheBus,
  kClockStep,
  kStarved
};
constexpr int kFaults = 8;

double seconds(core::Instant instant) { return core::Seconds(instant.time_since_epoch()).count(); }

class FailingMeter final : public Sensor {
 public:
  FailingMeter(const TrueDevice& device, core::Random& random) : device_(device), random_(random) {}

  [[nodiscard]] SensorDescription describe() const override {
    SensorDescription sensor;
    sensor.id = "failing";
    sensor.update_period = core::Seconds(kUpdate);
    sensor.resolution = core::Joules(0.001);
    sensor.wrap_range = core::Joules(kRange);
    sensor.max_power = core::Watts(2000.0);
    return sensor;
  }

  [[nodiscard]] core::Result<Sample> read(core::Instant instant) override {
    const double now = seconds(instant);
    if (now < unreadable_until_) return core::fail(why_, "cannot read: it was told to fail");
    if (random_.unit() < flaky_ && now < flaky_until_) {
      return core::fail(core::ErrorCode::kUnavailable, "cannot read: this time");
    }
    read_ = now;
    if (now >= frozen_until_) updated_ = std::floor(now / kUpdate) * kUpdate;
    const double counter = std::fmod(device_.joules(updated_) - origin_, kRange);
    const core::Instant stamp = now < stepped_until_ ? at(now - 5.0) : instant;
    return Sample{stamp, core::Joules(std::floor(counter * 1000.0) / 1000.0), epoch_};
  }

  /// Fails from `now` on; true where what the counter said before is lost.
  bool fail(Fault fault, double now) {
    const double length = 0.1 + 1.9 * random_.unit();
    const double counter = std::fmod(device_.joules(now) - origin_, kRange);
    switch (fault) {
      case Fault::kReadErrors:
        flaky_ = 0.9 * random_.unit();
        flaky_until_ = now + length;
        return false;
      case Fault::kPermission:
        why_ = core::ErrorCode::kPermissionDenied;
        unreadable_until_ = std::max(unreadable_until_, now + length);
        return false;
      case Fault::kReset:
        if (counter < 1000.0 || counter > 8000.0 || now < frozen_until_) return false;
        origin_ = device_.joules(std::floor(now / kUpdate) * kUpdate);
        return true;
      case Fault::kFreeze:
        if (now >= stepped_until_ && now < read_ + 0.05) frozen_until_ = now + length;
        return false;
      case Fault::kJump:
        if (now < frozen_until_) return false;
        origin_ -= kJump;
        return true;
      case Fault::kOffTheBus:  // and back as another index, with a counter of its own
        why_ = core::ErrorCode::kUnavailable;
        unreadable_until_ = std::max(unreadable_until_, now + length);
        origin_ = device_.joules(unreadable_until_);
        updated_ = unreadable_until_;
        frozen_until_ = 0.0;
        ++epoch_;
        return true;
      case Fault::kClockStep:
        if (now >= frozen_until_) stepped_until_ = now + length;
        return false;
      case Fault::kStarved: return false;  // the clock's doing
    }
    return false;
  }

 private:
  const TrueDevice& device_;
  core::Random& random_;
  double origin_ = 0.0;
  double updated_ = 0.0;
  double read_ = 0.0;  // when it last answered
  double flaky_ = 0.0;
  double flaky_until_ = 0.0;
  double unreadable_until_ = 0.0;
  double frozen_until_ = 0.0;
  double stepped_until_ = 0.0;
  std::uint32_t epoch_ = 0;
  core::ErrorCode why_ = core::ErrorCode::kUnavailable;
};

struct Watched {
  std::vector<TrueRequest> truth;
  std::vector<double> losses;  // when the counter's past was lost
  std::map<std::uint64_t, record::EnergyShare> shares;
  Ledger ledger;
  std::uint64_t errors = 0;
};

// One run with a fault of any kind every two seconds or so.
Watched watch(std::uint64_t seed, Timeline& timeline, std::unique_ptr<TrueDevice>& device) {
  core::Random random(seed);
  Watched watched;
  const simulation::Scenario load{"faults", 4, 0.5, 0.2, kUpdate, 150, 40, true, 0, 0};
  watched.truth = simulation::make_load(load, random);
  device = std::make_unique<TrueDevice>(watched.truth);
  std::ranges::sort(watched.truth, {}, &TrueRequest::end);

  auto owned = std::make_unique<FailingMeter>(*device, random);
  FailingMeter& meter = *owned;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::move(owned));
  ManualClock clock;
  Sampler sampler(std::move(sensors), clock);
  const IdlePower idle{core::Watts(simulation::kIdleWatts), core::Watts(0.3), 1000};
  Attributor attributor({{meter.describe(), idle}}, TokenCost{0.0005, 0.002});
  for (std::size_t i = 0; i < watched.truth.size(); ++i) {
    attributor.begin(i, at(watched.truth[i].start));
  }

  std::vector<Reading> readings;
  std::size_t ended = 0;
  double next_fault = 1.0 + 2.0 * random.unit();
  while (seconds(clock.now()) < kSpan) {
    double pause = std::max(0.0, seconds(sampler.poll(clock.now())) - seconds(clock.now()));
    pause += 0.002 * random.unit();
    const double now = seconds(clock.now());
    if (now >= next_fault) {
      const auto fault = static_cast<Fault>(random.below(kFaults));
      if (meter.fail(fault, now)) watched.losses.push_back(now);
      if (fault == Fault::kStarved) pause = 1.0;
      next_fault = now + 0.5 + 3.0 * random.unit();
    }
    clock.sleep_until(at(now + pause));
    readings.clear();
    sampler.drain(readings);
    for (const Reading& reading : readings) {
      timeline.add(reading.sample);
      attributor.add(0, reading.sample);
    }
    for (; ended < watched.truth.size() && watched.truth[ended].end <= now; ++ended) {
      const TrueRequest& r = watched.truth[ended];
      attributor.finish({ended, at(r.start), at(r.first), at(r.end), core::Tokens{r.prompt},
                         core::Tokens{r.output}});
    }
    for (Attributed& one : attributor.settle(at(now))) {
      if (!one.shares.empty()) watched.shares[one.id] = one.shares[0];
    }
  }
  for (Attributed& one : attributor.flush()) {
    if (!one.shares.empty()) watched.shares[one.id] = one.shares[0];
  }
  watched.ledger = attributor.ledger(0);
  watched.errors = sampler.health()[0].errors;
  return watched;
}

Timeline timeline_of_meter() {
  SensorDescription sensor;
  core::Random random(1);
  std::vector<TrueRequest> nothing;
  const TrueDevice device(nothing);
  return Timeline(FailingMeter(device, random).describe());
}

TEST(FaultSimulation, NeverInventsAJouleAndNamesEveryGap) {
  std::size_t losses = 0;
  std::uint64_t errors = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Timeline timeline = timeline_of_meter();
    std::unique_ptr<TrueDevice> device;
    const Watched watched = watch(seed, timeline, device);
    losses += watched.losses.size();
    errors += watched.errors;

    std::vector<Interval> gaps;
    timeline.visit(at(0.0), at(2.0 * kSpan), [&](const Interval& interval) {
      if (!interval.known) {
        gaps.push_back(interval);
        return;
      }
      // The boundaries are known to an update, no more; within that no joule is made up or lost.
      const double from = std::max(kUpdate, seconds(interval.from));
      const double to = seconds(interval.to);
      const double joules = to_joules(interval.energy).count();
      const double most = device->joules(to + kUpdate) - device->joules(from - kUpdate);
      const double least = device->joules(to - kUpdate) - device->joules(from + kUpdate);
      EXPECT_LE(joules, most + 0.002) << "seed " << seed << ", " << from << " … " << to << " s";
      EXPECT_GE(joules, std::max(0.0, least) - 0.002)
          << "seed " << seed << ", " << from << " … " << to << " s";
    });
    for (const double loss : watched.losses) {
      if (loss > kSpan - 6.0) continue;  // may end with the device still away
      EXPECT_TRUE(std::ranges::any_of(gaps,
                                      [&](const Interval& gap) {
                                        return seconds(gap.from) - 3.0 * kUpdate <= loss &&
                                               loss <= seconds(gap.to) + 5.0;
                                      }))
          << "seed " << seed << ": lost at " << loss << " s, and no gap says so";
    }
    const auto whole = timeline.window(at(1.0), at(kSpan - 1.0));
    ASSERT_TRUE(whole);
    const double truth = device->joules(kSpan - 1.0) - device->joules(1.0);
    EXPECT_NEAR(whole->energy.count(), truth, 3.0 * whole->uncertainty.count()) << "seed " << seed;
    EXPECT_LE(whole->energy.count(), truth + 10.0) << "seed " << seed << ": phantom joules";
    EXPECT_EQ(watched.ledger.metered.count, watched.ledger.active.count +
                                                watched.ledger.loaded_idle.count +
                                                watched.ledger.unattributed.count);
  }
  EXPECT_GT(losses, 100U) << "the simulation lost its faults";
  EXPECT_GT(errors, 1000U);
}

TEST(FaultSimulation, StatesForEveryRequestHowMuchItKnows) {
  int requests = 0;
  int within = 0;
  for (std::uint64_t seed = 50; seed < 70; ++seed) {
    Timeline timeline = timeline_of_meter();
    std::unique_ptr<TrueDevice> device;
    const Watched watched = watch(seed, timeline, device);
    for (const auto& [id, share] : watched.shares) {
      const TrueRequest& r = watched.truth[id];
      const double error = share.total()->count() - (r.joules() + r.idle_joules);
      ++requests;
      within += std::abs(error) <= 2.0 * share.uncertainty.count() ? 1 : 0;
    }
  }
  EXPECT_GT(requests, 3000);
  EXPECT_GE(static_cast<double>(within) / requests, 0.92);
}

}  // namespace
}  // namespace ipw::energy
