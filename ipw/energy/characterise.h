#pragma once
// What sensors really do, seen by watching them for a moment: how often they update, in what steps,
// how long a reading takes, and whether their counter agrees with the power they tell. What a data
// sheet says about this is often wrong by a factor of ten.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

struct CharacteriseOptions {
  core::Seconds longest{0.3};              // all sensors together
  core::Seconds poll{0.001};               // pause between two rounds of readings
  std::optional<int> enough_updates = 20;  // that let watching end early; absent: never
};

/// Watches all sensors at once and puts what was seen into their descriptions (`seen`). Where the
/// update period was resolved (at least two readings for each update), or every reading brought
/// news from a sensor that was thought slower, the description's `update_period` becomes the one
/// seen, so that the sampler polls accordingly. Sensors that model the work alone (`sees_idle`
/// false) are not waited for: an idle machine does not move them. `counter_over_power` needs three
/// updates; it speaks for the load at that time only. Gives, for each sensor, the first one that it
/// mirrors (mirror_watch.h).
// NOLINTNEXTLINE(modernize-use-nodiscard): often called for the descriptions alone
std::vector<std::optional<std::size_t>> characterise(std::vector<std::unique_ptr<Sensor>>& sensors,
                                                     core::Clock& clock,
                                                     const CharacteriseOptions& options = {});

/// Whether a sensor that was watched counted nothing where something is always drawn (a processor,
/// a module, a machine): it measures nothing. Not said of what was watched for less than 20 of its
/// update periods, comes from afar, or counts at the wall in steps that may be watt-hours. Pure.
[[nodiscard]] bool stands_still(const SensorDescription& sensor);

}  // namespace ipw::energy
