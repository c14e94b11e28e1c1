#pragma once
// One device's energy over time: samples in, joules of any window out, with how much of the window
// the samples bound and how sure the figure is.

#include <cstddef>
#include <deque>
#include <optional>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/energy/interval.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// What happens to an update interval that the window's edge cuts.
enum class EdgeRule {
  kProportional,  // by time; right for a steady load, and the only choice under overlap
  kAlone,  // the window is the device's only work there: all that is above idle belongs to it, save
           // in an interval that nobody watched (readings failed), which is cut after all
};

struct WindowOptions {
  EdgeRule edges = EdgeRule::kProportional;
  core::Watts idle;  // known idle power; only what lies above it is uncertain at an edge
};

struct WindowEnergy {
  core::Joules energy;       // gross, of the covered part of the window
  double coverage = 0.0;     // share of the window that known intervals cover, (0, 1]
  core::Watts mean_power;    // over the covered part
  core::Joules uncertainty;  // one standard deviation of `energy` as the whole window's:
                             // edges + resolution + method + what is not covered
};

/// One thread at a time. Memory is bounded by what drop_before() and thin() leave.
class Timeline {
 public:
  explicit Timeline(const SensorDescription& sensor);

  /// In order of time; late ones are ignored.
  void add(const Sample& sample);

  /// Forgets what lies entirely before `until`.
  void drop_before(core::Instant until);

  /// Forgets the detail of what lies within [from, to], for memory that stays flat over months:
  /// windows that begin at or before `from` and end at or after `to` stay exact, others that touch
  /// the stretch are covered less.
  void thin(core::Instant from, core::Instant to);

  /// Joules of [from, to]; nothing where no known interval touches it or the window is empty.
  /// O(log n) in the intervals kept. A window shorter than an update gets its share of the interval
  /// with an uncertainty of that order.
  [[nodiscard]] std::optional<WindowEnergy> window(core::Instant from, core::Instant to,
                                                   const WindowOptions& options = {}) const;

  /// Calls `visit(const Interval&)` for every interval kept that shares time with [from, to].
  template <class Visit>
  void visit(core::Instant from, core::Instant to, Visit visit) const {
    for (const Entry& entry : entries_) {
      if (entry.interval.to > from && entry.interval.from < to) visit(entry.interval);
    }
  }

  [[nodiscard]] const SensorDescription& sensor() const { return sensor_; }
  /// The instant up to which samples have told everything.
  [[nodiscard]] std::optional<core::Instant> settled_until() const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Interval interval;
    Nanojoules energy_before;              // of all known intervals before this one
    core::Instant::duration known_before;  // their length
  };
  void append(const Interval& interval);

  SensorDescription sensor_;
  IntervalStream stream_;
  std::deque<Entry> entries_;
};

/// Standard deviation, as a share of the whole, of a part that was cut in proportion `share`: the
/// Beta law with that mean for which a half could be anything (uniform), sqrt(share·(1−share)/3).
[[nodiscard]] double cut_deviation(double share);

}  // namespace ipw::energy
