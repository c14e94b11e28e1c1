#pragma once
// Whether a device's energy counter and the power that it tells agree, window by window: where they
// do not, one of the two is wrong, and nobody can see it in the joules alone.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/energy/sensor.h"

namespace ipw::energy {

/// Both sums over the same time, from one update of the counter to another.
struct CounterAgreement {
  core::Joules counter;
  core::Joules integrated;  // power × time
  core::Seconds duration{0.0};
  std::int64_t updates = 0;

  /// Joules of the counter over those of the power; absent below three updates or without power.
  [[nodiscard]] std::optional<double> ratio() const;
};

/// Sums up what one sensor says. add() from the thread that reads, take() from any.
class AgreementWatch {
 public:
  /// A reading that succeeded, and the device's power at that time; absent: it could not be read,
  /// and the stretch up to the counter's next update does not count.
  void add(const SensorDescription& sensor, const Sample& sample, std::optional<core::Watts> power);
  /// What came since the last call; the next window begins with the counter's next update.
  [[nodiscard]] CounterAgreement take();

 private:
  void update(const SensorDescription& sensor, const Sample& sample);

  std::mutex mutex_;
  CounterAgreement sums_;
  std::optional<Sample> changed_;  // the reading that last brought news
  std::optional<core::Watts> power_;
  core::Instant power_at_;
  core::Joules pending_;  // since that reading
  bool whole_ = false;    // `pending_` covers all the time since then, and that was an update
};

/// The same sensor, whose readings `watch` follows; the power is read at most every 50 ms, in the
/// thread that reads the sensor.
[[nodiscard]] std::unique_ptr<Sensor> followed(std::unique_ptr<Sensor> sensor,
                                               std::shared_ptr<AgreementWatch> watch);

/// Whether there are two things to compare: a counter of the device's own, and its power.
[[nodiscard]] bool tells_both(Sensor& sensor);

}  // namespace ipw::energy
