#pragma once
// A sensor as a run's manifest remembers it, for reading the run's raw samples again.

#include <string>

#include "ipw/energy/sensor.h"
#include "ipw/store/manifest.h"

namespace ipw::report {

/// What the manifest says of sensor `id`; only the id where it knows nothing of it.
[[nodiscard]] energy::SensorDescription recorded_sensor(const store::Manifest& manifest,
                                                        const std::string& id);

}  // namespace ipw::report
