// Counter and power side by side: see counter_agreement.h.

#include "ipw/energy/counter_agreement.h"

#include <chrono>
#include <utility>

#include "ipw/energy/counter.h"

namespace ipw::energy {

namespace {

constexpr std::chrono::milliseconds kPowerEvery{50};
constexpr std::int64_t kFewestUpdates = 3;

class FollowedSensor final : public Sensor {
 public:
  FollowedSensor(std::unique_ptr<Sensor> sensor, std::shared_ptr<AgreementWatch> watch)
      : sensor_(std::move(sensor)), description_(sensor_->describe()), watch_(std::move(watch)) {}

  [[nodiscard]] SensorDescription describe() const override { return description_; }
  [[nodiscard]] core::Result<Sample> read(core::Instant now) override {
    core::Result<Sample> sample = sensor_->read(now);
    if (!sample) return sample;
    if (!asked_at_ || now - *asked_at_ >= kPowerEvery) {
      asked_at_ = now;
      const core::Result<core::Watts> power = sensor_->power();
      power_ = power ? std::optional(*power) : std::nullopt;
    }
    watch_->add(description_, *sample, power_);
    return sample;
  }
  [[nodiscard]] core::Result<core::Watts> power() override { return sensor_->power(); }

 private:
  std::unique_ptr<Sensor> sensor_;
  SensorDescription description_;
  std::shared_ptr<AgreementWatch> watch_;
  std::optional<core::Instant> asked_at_;
  std::optional<core::Watts> power_;
};

}  // namespace

std::optional<double> CounterAgreement::ratio() const {
  if (updates < kFewestUpdates || integrated <= core::Joules(0.0)) return std::nullopt;
  return counter / integrated;
}

void AgreementWatch::add(const SensorDescription& sensor, const Sample& sample,
                         std::optional<core::Watts> power) {
  const std::lock_guard lock(mutex_);
  if (power_ && power) {
    pending_ += (*power_ + *power) / 2.0 * core::Seconds(sample.at - power_at_);
  } else {
    whole_ = false;
  }
  power_ = power;
  power_at_ = sample.at;
  if (!changed_) {
    changed_ = sample;
  } else if (changed_->counter != sample.counter || changed_->epoch != sample.epoch) {
    update(sensor, sample);
  }
}

void AgreementWatch::update(const SensorDescription& sensor, const Sample& sample) {
  const CounterDelta delta = counter_delta(sensor, *changed_, sample);
  const bool known = delta.step != CounterStep::kReset;
  if (whole_ && known) {
    sums_.counter += delta.energy;
    sums_.integrated += pending_;
    sums_.duration += sample.at - changed_->at;
    ++sums_.updates;
  }
  changed_ = sample;
  pending_ = core::Joules(0.0);
  whole_ = power_ && known;
}

CounterAgreement AgreementWatch::take() {
  const std::lock_guard lock(mutex_);
  whole_ = false;  // what is pending began before the window
  return std::exchange(sums_, {});
}

std::unique_ptr<Sensor> followed(std::unique_ptr<Sensor> sensor,
                                 std::shared_ptr<AgreementWatch> watch) {
  return std::make_unique<FollowedSensor>(std::move(sensor), std::move(watch));
}

bool tells_both(Sensor& sensor) {
  return !sensor.describe().integrated && sensor.power().has_value();
}

}  // namespace ipw::energy
