// Merging of readings: see interval.h.

#include "ipw/energy/interval.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ipw/energy/counter.h"

namespace ipw::energy {

Nanojoules to_nanojoules(core::Joules energy) { return {std::llround(energy.count() * 1e9)}; }

IntervalStream::IntervalStream(const SensorDescription& sensor)
    : sensor_(sensor),
      update_period_(std::chrono::duration_cast<core::Instant::duration>(sensor.update_period)) {}

std::optional<Interval> IntervalStream::add(const Sample& sample) {
  if (!changed_) {
    changed_ = sample;
    last_read_ = sample.at;
    boundary_ = sensor_.integrated ? sample.at : sample.at - update_period_ / 2;
    return std::nullopt;
  }
  if (sample.at <= last_read_) return std::nullopt;
  const auto since_last_read = sample.at - last_read_;
  last_read_ = sample.at;
  watched_ = watched_ && (sensor_.answers_when_asked || since_last_read <= 3 * update_period_);

  if (!sensor_.integrated && sample.epoch == changed_->epoch &&
      sample.counter == changed_->counter) {
    // What was used up to one update period ago would show by now.
    const core::Instant quiet_until = sample.at - update_period_;
    if (sensor_.sees_idle || quiet_until < boundary_ + update_period_) return std::nullopt;
    const Interval quiet{boundary_, quiet_until, Nanojoules{0}, true};
    boundary_ = quiet_until;
    watched_ = true;
    changed_->at = quiet_until;
    return quiet;
  }

  const CounterDelta delta = counter_delta(sensor_, *changed_, sample);
  const core::Instant updated =
      sensor_.integrated ? sample.at : sample.at - std::min(since_last_read, update_period_) / 2;
  const Interval closed{boundary_, updated, to_nanojoules(delta.energy),
                        delta.step != CounterStep::kReset, watched_};
  boundary_ = updated;
  watched_ = true;
  changed_ = sample;
  return closed;
}

}  // namespace ipw::energy
