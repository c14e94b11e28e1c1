#pragma once
// Devices that tell only their power: the one place where watts become joules. The integral is the
// trapezoid over the sensor's own readings; where they lie too far apart, what was used in between
// is unknown, and a new epoch begins instead of a guess.

#include <functional>
#include <memory>
#include <optional>

#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// Joules of a power that is read now and then. One thread at a time.
class PowerIntegrator {
 public:
  /// Readings further apart than `longest_gap` are not joined.
  explicit PowerIntegrator(core::Seconds longest_gap) : longest_gap_(longest_gap) {}

  /// The counter after a reading of `power` at `at`. A reading that is not later than the one
  /// before changes nothing.
  Sample add(core::Instant at, core::Watts power);
  /// The device was away: the next reading begins an epoch.
  void lose() { lost_ = true; }

 private:
  core::Seconds longest_gap_;
  std::optional<core::Watts> power_;  // of the last reading
  Sample sample_;
  bool lost_ = false;
};

/// Reads the power now. An error is no reading: kUnavailable, kPermissionDenied, kInvalidData.
using ReadPower = std::function<core::Result<core::Watts>()>;

/// A sensor whose counter is the integral of `read`. Readings are joined over at most four update
/// periods, or half a second where that is longer. A power that is not a number, negative or above
/// `max_power` is an error and no reading; a device that stays away for longer than the gap begins
/// an epoch by itself.
[[nodiscard]] std::unique_ptr<Sensor> power_sensor(SensorDescription description, ReadPower read);

}  // namespace ipw::energy
