// The words for scopes and findings, as they stand in JSON and tables, and the sensor under another
// description.

#include "ipw/energy/sensor.h"

#include <utility>

namespace ipw::energy {

namespace {

class DescribedSensor final : public Sensor {
 public:
  DescribedSensor(SensorDescription description, std::unique_ptr<Sensor> sensor)
      : description_(std::move(description)), sensor_(std::move(sensor)) {}

  [[nodiscard]] SensorDescription describe() const override { return description_; }
  [[nodiscard]] core::Result<Sample> read(core::Instant now) override { return sensor_->read(now); }
  [[nodiscard]] core::Result<core::Watts> power() override { return sensor_->power(); }

 private:
  SensorDescription description_;
  std::unique_ptr<Sensor> sensor_;
};

}  // namespace

core::Result<core::Watts> Sensor::power() {
  return core::fail(core::ErrorCode::kUnsupported, "cannot read the power: the device tells none");
}

std::unique_ptr<Sensor> described_as(SensorDescription description,
                                     std::unique_ptr<Sensor> sensor) {
  return std::make_unique<DescribedSensor>(std::move(description), std::move(sensor));
}

const char* name(Scope scope) {
  switch (scope) {
    case Scope::kChip: return "chip";
    case Scope::kPackage: return "package";
    case Scope::kDram: return "dram";
    case Scope::kModule: return "module";
    case Scope::kBoard: return "board";
    case Scope::kWall: return "wall";
  }
  return "unknown";
}

const char* name(Finding::Status status) {
  switch (status) {
    case Finding::Status::kUsed: return "used";
    case Finding::Status::kSpare: return "spare";
    case Finding::Status::kAbsent: return "absent";
    case Finding::Status::kDenied: return "denied";
    case Finding::Status::kBroken: return "broken";
  }
  return "unknown";
}

}  // namespace ipw::energy
