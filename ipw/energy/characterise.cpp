// Watching sensors: see characterise.h.

#include "ipw/energy/characterise.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "ipw/energy/counter.h"
#include "ipw/energy/mirror_watch.h"

namespace ipw::energy {

namespace {

using Duration = core::Instant::duration;

std::optional<core::Seconds> median(std::vector<Duration> lengths) {
  if (lengths.empty()) return std::nullopt;
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::ranges::nth_element(lengths, middle);
  return core::Seconds(*middle);
}

// One sensor while it is watched.
class Watch {
 public:
  explicit Watch(Sensor& sensor) : sensor_(sensor), description_(sensor.describe()) {
    tells_power_ = !description_.integrated && sensor_.power().has_value();
  }

  // The reading, where it succeeds.
  std::optional<Sample> read(core::Clock& clock) {
    const core::Instant before = clock.now();
    const core::Result<Sample> sample = sensor_.read(before);
    const core::Instant after = clock.now();
    if (!sample) return std::nullopt;
    ++seen_.readings;
    reading_times_.push_back(after - before);
    if (last_read_) gaps_.push_back(before - *last_read_);
    last_read_ = before;
    count(*sample);
    follow_power(before);
    // What is integrated here moves at every reading; the power behind it tells the updates.
    if (description_.integrated) {
      take_value(before, sensor_.power().value_or(core::Watts(-1.0)).count());
    } else {
      take_counter(*sample, before);
    }
    return *sample;
  }

  [[nodiscard]] bool enough(int updates) const {
    return seen_.updates >= updates || !description_.sees_idle;
  }

  /// What was seen, as part of the sensor's description.
  [[nodiscard]] SensorDescription description(core::Seconds watched) const {
    SensorDescription result = description_;
    Characterisation seen = seen_;
    seen.watched = watched;
    seen.reading_time = median(reading_times_);
    if (updates_.size() >= 3) seen.update_period = median(updates_);
    const std::optional<core::Seconds> gap = median(gaps_);
    seen.period_is_bound = seen.update_period && gap && *seen.update_period < 2.0 * *gap;
    // A model of the work moves with the work: its period is not the source's.
    const bool believed =
        seen.update_period && description_.sees_idle &&
        (!seen.period_is_bound || *seen.update_period < description_.update_period);
    if (believed) result.update_period = *seen.update_period;
    if (seen_.updates >= 3 && power_integral_ > core::Joules(0.0) && counter_sum_) {
      seen.counter_over_power = *counter_sum_ / power_integral_;
    }
    result.seen = seen;
    return result;
  }

 private:
  void count(const Sample& sample) {
    if (newest_) seen_.counted += counter_delta(description_, *newest_, sample).energy;
    newest_ = sample;
  }

  void take_value(core::Instant at, double value) {
    if (value_ && *value_ != value) update(at);
    value_ = value;
  }

  void take_counter(const Sample& sample, core::Instant at) {
    if (last_ && last_->counter != sample.counter) {
      const CounterDelta delta = counter_delta(description_, *last_, sample);
      if (delta.step != CounterStep::kReset) {
        if (delta.energy > core::Joules(0.0) &&
            (!seen_.smallest_step || delta.energy < *seen_.smallest_step)) {
          seen_.smallest_step = delta.energy;
        }
        sum_up(delta.energy);
      }
      update(at);
      last_ = sample;
    }
    if (!last_) last_ = sample;
  }

  void update(core::Instant at) {
    ++seen_.updates;
    if (updated_at_) updates_.push_back(at - *updated_at_);
    updated_at_ = at;
  }

  // Counter and power are compared from the first update to the last.
  void sum_up(core::Joules energy) {
    if (!tells_power_) return;
    counter_sum_ = counter_sum_ ? *counter_sum_ + energy : core::Joules(0.0);
    if (seen_.updates > 0) power_integral_ += pending_power_;
    pending_power_ = core::Joules(0.0);
  }

  void follow_power(core::Instant at) {
    if (!tells_power_) return;
    const core::Result<core::Watts> power = sensor_.power();
    if (!power) return;
    if (power_) pending_power_ += (*power_ + *power) / 2.0 * core::Seconds(at - power_at_);
    power_ = *power;
    power_at_ = at;
  }

  Sensor& sensor_;
  SensorDescription description_;
  Characterisation seen_;
  bool tells_power_ = false;
  std::optional<core::Instant> last_read_;
  std::optional<core::Instant> updated_at_;
  std::vector<Duration> reading_times_;
  std::vector<Duration> gaps_;     // between readings
  std::vector<Duration> updates_;  // between updates
  std::optional<double> value_;
  std::optional<Sample> newest_;
  std::optional<Sample> last_;  // that brought news
  std::optional<core::Watts> power_;
  core::Instant power_at_;
  core::Joules pending_power_;   // since the last update
  core::Joules power_integral_;  // between the first and the last update
  std::optional<core::Joules> counter_sum_;
};

}  // namespace

bool stands_still(const SensorDescription& sensor) {
  constexpr std::int64_t kFewestReadings = 20;
  constexpr double kPeriods = 20.0;
  const bool always_draws = sensor.scope == Scope::kPackage || sensor.scope == Scope::kModule ||
                            sensor.scope == Scope::kWall;
  if (!sensor.seen || !sensor.sees_idle || !always_draws) return false;
  if (sensor.told_after > core::Seconds(0.0)) return false;  // its news may be on the way
  if (sensor.scope == Scope::kWall && !sensor.integrated) return false;  // may count watt-hours
  const Characterisation& seen = *sensor.seen;
  const bool long_enough = sensor.integrated || seen.watched >= kPeriods * sensor.update_period;
  return seen.readings >= kFewestReadings && long_enough && seen.counted <= core::Joules(0.0) &&
         (sensor.integrated || seen.updates == 0);
}

std::vector<std::optional<std::size_t>> characterise(std::vector<std::unique_ptr<Sensor>>& sensors,
                                                     core::Clock& clock,
                                                     const CharacteriseOptions& options) {
  if (sensors.empty()) return {};
  const core::Instant from = clock.now();
  const auto longest = std::chrono::duration_cast<Duration>(options.longest);
  const auto poll = std::chrono::duration_cast<Duration>(options.poll);
  const core::Instant earliest = from + longest / 6;
  std::vector<Watch> watches;
  watches.reserve(sensors.size());
  for (const auto& sensor : sensors) watches.emplace_back(*sensor);
  std::vector<SensorDescription> descriptions;
  descriptions.reserve(sensors.size());
  for (const auto& sensor : sensors) descriptions.push_back(sensor->describe());
  MirrorWatch mirrors(std::move(descriptions));
  while (true) {
    for (std::size_t i = 0; i < watches.size(); ++i) {
      if (const auto sample = watches[i].read(clock)) mirrors.add(i, *sample);
    }
    const core::Instant now = clock.now();
    const bool enough =
        options.enough_updates && std::ranges::all_of(watches, [&](const Watch& watch) {
          return watch.enough(*options.enough_updates);
        });
    if (now >= from + longest || (enough && now >= earliest)) break;
    clock.sleep_until(now + poll);
  }
  const core::Seconds watched = clock.now() - from;
  for (std::size_t i = 0; i < sensors.size(); ++i) {
    sensors[i] = described_as(watches[i].description(watched), std::move(sensors[i]));
  }
  return mirrors.mirrors();
}

}  // namespace ipw::energy
