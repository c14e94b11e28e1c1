#pragma once
// The sensors of one machine, being watched: the sampler's readings become timelines that answer
// for any stretch of the time watched, in memory that does not grow with it.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/energy/idle.h"
#include "ipw/energy/sampler.h"
#include "ipw/energy/timeline.h"

namespace ipw::energy {

/// One thread at a time, beside the sampler's own. Starts to sample at once.
class Watch {
 public:
  Watch(std::vector<std::unique_ptr<Sensor>> sensors, core::Clock& clock);

  [[nodiscard]] const std::vector<SensorDescription>& sensors() const { return sampler_.sensors(); }
  [[nodiscard]] const Timeline& timeline(std::size_t sensor) const { return timelines_[sensor]; }
  [[nodiscard]] std::vector<SensorHealth> health() const { return sampler_.health(); }
  [[nodiscard]] std::uint64_t dropped() const { return sampler_.dropped(); }

  /// From here on only windows that begin at `from`, or within the last minute, will be asked for:
  /// what lies before is forgotten, the detail in between is added up.
  void begin(core::Instant from);

  /// Takes in what the sensors have said. To be called every few seconds.
  void update();
  /// Updates until `until`; earlier when stopped.
  void wait(core::Instant until, const std::stop_token& stop);
  /// Updates until every sensor has told about all of the time up to `at`; waits at most two of its
  /// update periods and a tenth of a second, since a dead one never tells.
  void settle(core::Instant at, const std::stop_token& stop);

  /// Mean power per sensor over the next `span`; absent where a sensor says too little.
  [[nodiscard]] std::vector<std::optional<IdlePower>> idle(core::Seconds span,
                                                           const std::stop_token& stop);

  /// Called in update() for every reading, in the order of arrival.
  void on_reading(std::function<void(const Reading&)> sink) { sink_ = std::move(sink); }

 private:
  void read_edge();  // sensors that answer when asked

  core::Clock& clock_;
  Sampler sampler_;
  std::vector<Timeline> timelines_;
  std::vector<Reading> readings_;
  std::optional<core::Instant> from_;
  std::function<void(const Reading&)> sink_;
};

}  // namespace ipw::energy
