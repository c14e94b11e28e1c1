// Wrap or reset: see counter.h.

#include "ipw/energy/counter.h"

namespace ipw::energy {

CounterDelta counter_delta(const SensorDescription& sensor, const Sample& from, const Sample& to) {
  constexpr CounterDelta kUnknown{};
  const core::Seconds elapsed = to.at - from.at;
  if (to.epoch != from.epoch || elapsed.count() < 0.0) return kUnknown;
  const core::Joules most =
      sensor.max_power * (elapsed + 2.0 * sensor.update_period) + sensor.resolution;
  if (sensor.wrap_range && most >= *sensor.wrap_range) return kUnknown;

  const core::Joules forward = to.counter - from.counter;
  if (forward >= core::Joules(0.0)) {
    return forward <= most ? CounterDelta{CounterStep::kAdvance, forward} : kUnknown;
  }
  if (!sensor.wrap_range || from.counter > *sensor.wrap_range) return kUnknown;
  const core::Joules wrapped = forward + *sensor.wrap_range;
  return wrapped <= most ? CounterDelta{CounterStep::kWrap, wrapped} : kUnknown;
}

}  // namespace ipw::energy
