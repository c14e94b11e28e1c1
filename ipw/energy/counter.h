#pragma once
// What a cumulative counter did between two readings. The only place that tells a wrap from a
// reset, so that no sensor invents energy: a naive "+ range when it went backwards" turns one
// transient 0 into a whole range of phantom joules.

#include "ipw/core/units.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

enum class CounterStep {
  kAdvance,  // went forward by a believable amount
  kWrap,     // restarted at 0 beyond the sensor's range
  kReset,    // anything else: the energy in between is unknown
};

struct CounterDelta {
  CounterStep step = CounterStep::kReset;
  core::Joules energy;  // 0 where kReset
};

/// From one reading to a later one of the same sensor. Believable means: at most `max_power` over
/// the elapsed time plus two update periods (a late update brings the energy of the one before).
/// Where the sensor could have wrapped unseen in the elapsed time, the step is a reset too.
/// Pure; thread-safe.
[[nodiscard]] CounterDelta counter_delta(const SensorDescription& sensor, const Sample& from,
                                         const Sample& to);

}  // namespace ipw::energy
