// Trapezoids: see power_sensor.h.

#include "ipw/energy/power_sensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ipw::energy {

namespace {

class PowerSensor final : public Sensor {
 public:
  PowerSensor(SensorDescription description, ReadPower read)
      : description_(std::move(description)),
        read_(std::move(read)),
        integrator_(std::max(core::Seconds(0.5), 4.0 * description_.update_period)) {
    description_.integrated = true;
    description_.wrap_range.reset();
  }

  [[nodiscard]] SensorDescription describe() const override { return description_; }

  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    IPW_TRY(const core::Watts watts, power());
    return integrator_.add(now, watts);
  }

  [[nodiscard]] core::Result<core::Watts> power() override {
    IPW_TRY(const core::Watts watts, read_());
    if (watts >= core::Watts(0.0) && watts <= description_.max_power) return watts;
    return core::fail(core::ErrorCode::kInvalidData,
                      fmt::format("cannot believe the power of {}: {} W is outside 0 to {} W",
                                  description_.id, watts.count(), description_.max_power.count()));
  }

 private:
  SensorDescription description_;
  ReadPower read_;
  PowerIntegrator integrator_;
};

}  // namespace

Sample PowerIntegrator::add(core::Instant at, core::Watts power) {
  if (power_ && at <= sample_.at) return sample_;
  const core::Seconds elapsed = at - sample_.at;
  if (power_ && (lost_ || elapsed > longest_gap_)) {
    ++sample_.epoch;
  } else if (power_) {
    sample_.counter += (*power_ + power) / 2.0 * elapsed;
  }
  lost_ = false;
  power_ = power;
  sample_.at = at;
  return sample_;
}

std::unique_ptr<Sensor> power_sensor(SensorDescription description, ReadPower read) {
  return std::make_unique<PowerSensor>(std::move(description), std::move(read));
}

}  // namespace ipw::energy
