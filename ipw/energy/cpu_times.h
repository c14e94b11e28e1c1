#pragma once
// How the processors' time went between the model's work and everybody else's, at any instant of a
// run: what the joules of a meter that cannot tell whose they are get divided by.

#include <deque>
#include <optional>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"

namespace ipw::energy {

/// What the clocks said at one instant, cumulative since arbitrary origins.
struct CpuMoment {
  core::Instant at;
  core::Seconds ours{0.0};            // CPU time of the model's work, by its WorkClock
  std::optional<core::Seconds> busy;  // of the whole machine; costs more, so it is read seldom
};

/// CPU time of a stretch.
struct CpuUse {
  core::Seconds ours{0.0};
  core::Seconds others{0.0};  // ipw's own threads included
};

/// One thread at a time. Memory is that of the moments which drop_before() leaves.
///
/// Others' time is busy less ours between two readings of busy, evenly spread over them. The kernel
/// counts busy in ticks: it may say less than ours for a while, which is no time of others. What is
/// said late is made up for, so the error of a stretch does not grow with its length: kTick at
/// either end.
class CpuTimes {
 public:
  static constexpr core::Seconds kTick{0.01};    // USER_HZ is 100 on all systems
  static constexpr core::Seconds kWindow{0.25};  // between two readings of busy

  /// In order of time; late ones are ignored, as is a counter that goes backwards.
  void add(const CpuMoment& moment);
  /// Nothing where busy was not read twice. What lies behind the last reading is taken to go on as
  /// the stretch before it.
  [[nodiscard]] std::optional<CpuUse> between(core::Instant from, core::Instant to) const;
  /// Up to where readings tell others' time; nothing before the second one.
  [[nodiscard]] std::optional<core::Instant> told_until() const;
  /// Forgets what only instants before `until` need.
  void drop_before(core::Instant until);

 private:
  struct Knot {
    core::Instant at;
    core::Seconds sum{0.0};
  };
  [[nodiscard]] static core::Seconds at(const std::deque<Knot>& knots, core::Instant instant);

  std::deque<Knot> ours_;
  std::deque<Knot> others_;
  std::optional<CpuMoment> last_busy_;
  core::Seconds owed_{0.0};  // others' time as counted less what others_ says; at most zero
};

}  // namespace ipw::energy
