// See recorded_sensor.h.
#include "ipw/report/recorded_sensor.h"

namespace ipw::report {

energy::SensorDescription recorded_sensor(const store::Manifest& manifest, const std::string& id) {
  energy::SensorDescription description{.id = id};
  for (const store::ManifestSensor& sensor : manifest.sensors) {
    if (sensor.id != id) continue;
    description.device = sensor.device;
    description.provenance = sensor.provenance;
    description.update_period = sensor.update_period;
    description.resolution = sensor.resolution;
    description.wrap_range = sensor.wrap;
    description.sees_idle = sensor.sees_idle;
    description.billed = sensor.billed;
    description.method_uncertainty = sensor.method_uncertainty;
    for (const energy::Scope scope :
         {energy::Scope::kChip, energy::Scope::kPackage, energy::Scope::kDram,
          energy::Scope::kModule, energy::Scope::kBoard, energy::Scope::kWall}) {
      if (sensor.scope == energy::name(scope)) description.scope = scope;
    }
  }
  // The manifest does not keep what the sensor believed. A counter that wraps needs a bound to tell
  // that from a reset; without a wrap anything going backwards is one.
  if (!description.wrap_range) description.max_power = core::Watts(1e6);
  return description;
}

}  // namespace ipw::report
