#pragma once
// What one sensor saw of one call: its share of the joules, and how sure that is.

#include <optional>
#include <string>

#include "ipw/core/units.h"
#include "ipw/record/provenance.h"

namespace ipw::record {

struct EnergyShare {
  std::string sensor;  // stable id: "rapl:package-0", "nvml:GPU-<uuid>", "cpu-time:host"
  Provenance provenance;
  core::Joules active;                      // above idle, shared by work done
  std::optional<core::Joules> loaded_idle;  // equal share of idle; absent where idle is unknown
  std::optional<core::Watts> device_power;  // mean power of the device over the service time,
                                            // gross (above idle only where idle is not
                                            // seen); absent: the sensor is too slow to tell
  core::Joules uncertainty;                 // one standard deviation: edges + resolution + method
  double coverage = 0.0;                    // share of the window that samples bound, [0, 1]

  /// The joules of metrics.md's E(q): active + loaded idle; absent where idle is unknown.
  [[nodiscard]] std::optional<core::Joules> total() const {
    if (!loaded_idle) return std::nullopt;
    return active + *loaded_idle;
  }
};

}  // namespace ipw::record
