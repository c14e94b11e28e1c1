#pragma once
// Readings become update intervals: the stretches of time over which a sensor really said
// something. Polling faster than a sensor updates re-reads the same value; those readings carry no
// news and are merged here, once, for the timeline and for attribution alike.

#include <compare>
#include <cstdint>
#include <optional>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// Energy is kept in whole nanojoules, so that parts add up to the meter exactly. 2^63 nJ are
/// 9.2 GJ, a kilowatt for 107 days of one process.
struct Nanojoules {
  std::int64_t count = 0;

  constexpr auto operator<=>(const Nanojoules&) const = default;
  constexpr Nanojoules& operator+=(Nanojoules other) {
    count += other.count;
    return *this;
  }
  friend constexpr Nanojoules operator+(Nanojoules a, Nanojoules b) { return {a.count + b.count}; }
  friend constexpr Nanojoules operator-(Nanojoules a, Nanojoules b) { return {a.count - b.count}; }
};
[[nodiscard]] constexpr core::Joules to_joules(Nanojoules energy) {
  return core::Joules(static_cast<double>(energy.count) * 1e-9);
}
/// Rounded to the nearest; the magnitude must stay below 2^63 nJ.
[[nodiscard]] Nanojoules to_nanojoules(core::Joules energy);

struct Interval {
  core::Instant from;
  core::Instant to;
  Nanojoules energy;
  bool known = true;    // false: the counter was reset in between; energy is 0 and means nothing
  bool watched = true;  // false: for more than three update periods no reading came

  [[nodiscard]] core::Seconds length() const { return to - from; }
};

/// Turns one sensor's samples into intervals that lie end to end. One thread at a time.
///
/// A counter that changed between two readings was updated at some moment between them: the
/// boundary is put in the middle, but at most half an update period before the later one. A counter
/// that stands still has not been updated yet; only where the sensor is a model of the work alone
/// (`sees_idle` false) does standing still mean that nothing was used. A counter that is integrated
/// here from power ends where it was read, and standing still means no power.
class IntervalStream {
 public:
  explicit IntervalStream(const SensorDescription& sensor);

  /// The interval that this sample closes, if it closes one. Samples that are not later than the
  /// one before are ignored.
  std::optional<Interval> add(const Sample& sample);

 private:
  SensorDescription sensor_;
  core::Instant::duration update_period_;
  std::optional<Sample> changed_;  // the reading that last brought news
  core::Instant last_read_;
  bool watched_ = true;     // since then
  core::Instant boundary_;  // where the last interval ended
};

}  // namespace ipw::energy
