// Moves samples from the sampler's ring to the attribution and to the run.
#include "ipw/profiling/metering.h"

#include <algorithm>
#include <utility>

#include "ipw/energy/telemetry_blob.h"
#include "ipw/energy/timeline.h"

namespace ipw::profiling {
namespace {

constexpr std::chrono::milliseconds kKeptEvery{1};  // of samples at the edges of requests
constexpr std::chrono::milliseconds kGlance{20};    // how often a wait looks whether to stop

std::int64_t whole_second(std::chrono::nanoseconds at) {
  return std::chrono::floor<std::chrono::seconds>(at).count();
}

// Has counters that can be held against their devices' power followed; null for the others.
std::vector<std::shared_ptr<energy::AgreementWatch>> follow(
    std::vector<std::unique_ptr<energy::Sensor>>& sensors) {
  std::vector<std::shared_ptr<energy::AgreementWatch>> watches(sensors.size());
  for (std::size_t i = 0; i < sensors.size(); ++i) {
    if (!energy::tells_both(*sensors[i])) continue;
    watches[i] = std::make_shared<energy::AgreementWatch>();
    sensors[i] = energy::followed(std::move(sensors[i]), watches[i]);
  }
  return watches;
}

bool of_accelerator(const energy::SensorDescription& sensor) {
  return sensor.domain.starts_with("gpu/") || sensor.provenance.method.starts_with("nvml") ||
         sensor.scope == energy::Scope::kChip || sensor.scope == energy::Scope::kBoard;
}

// Meters of this machine that count whatever runs on its processors. Those of another machine
// cannot be divided: its CPU times are not known here. Nor can one of the whole machine where
// accelerators work, too, whose joules have nothing to do with CPU time.
bool counts_all_cpu_work(const energy::SensorDescription& sensor, bool accelerated) {
  const bool elsewhere = sensor.clock_uncertainty > core::Seconds(0.0);
  const bool whole = sensor.scope == energy::Scope::kWall || sensor.scope == energy::Scope::kModule;
  return sensor.sees_idle && !sensor.answers_when_asked && !elsewhere && !of_accelerator(sensor) &&
         !(whole && accelerated);
}

}  // namespace

Metering::Metering(std::vector<std::unique_ptr<energy::Sensor>> sensors, core::Clock& clock,
                   energy::OwnWork* own, CpuClocks cpu)
    : clock_(clock),
      agreements_(follow(sensors)),
      sampler_(std::move(sensors), clock, own),
      sensors_(sampler_.sensors()),
      cpu_(cpu),
      newest_(sensors_.size()),
      unkept_(sensors_.size()) {
  for (std::size_t i = 0; i < sensors_.size(); ++i) {
    if (sensors_[i].answers_when_asked && sensors_[i].billed) asked_.push_back(i);
  }
  sampler_.start();
}

void Metering::drain() {
  readings_.clear();
  sampler_.drain(readings_);
  for (const energy::Reading& reading : readings_) newest_[reading.sensor] = reading.sample;
}

void Metering::record_only(std::span<const std::string> ids) {
  for (energy::SensorDescription& sensor : sensors_) {
    if (std::ranges::find(ids, sensor.id) != ids.end()) sensor.billed = false;
  }
}

std::vector<std::optional<energy::CounterAgreement>> Metering::take_agreement() {
  std::vector<std::optional<energy::CounterAgreement>> taken;
  taken.reserve(agreements_.size());
  for (const auto& watch : agreements_) {
    taken.push_back(watch ? std::optional(watch->take()) : std::nullopt);
  }
  return taken;
}

std::vector<store::IdlePower> Metering::watch_idle(store::IdlePhase phase, core::Seconds span,
                                                   const std::stop_token& stop) {
  std::vector<store::IdlePower> found;
  const auto needs_watching = [](const energy::SensorDescription& sensor) {
    return !sensor.answers_when_asked;  // it sees the work alone: waiting is none
  };
  if (span <= core::Seconds(0) || std::ranges::none_of(sensors_, needs_watching)) return found;
  std::vector<energy::Timeline> timelines(sensors().begin(), sensors().end());
  drain();  // what came before is not of this stretch
  energy::CpuTimes cpu_times;
  if (const auto begun = moment(true)) cpu_times.add(*begun);
  const core::Instant from = clock_.now();
  const core::Instant end = from + std::chrono::duration_cast<std::chrono::nanoseconds>(span);
  while (clock_.now() < end && !stop.stop_requested()) {
    clock_.sleep_until(std::min(end, clock_.now() + kGlance));
    drain();
    for (const energy::Reading& reading : readings_) timelines[reading.sensor].add(reading.sample);
  }
  const core::Instant to = clock_.now();
  if (const auto ended = moment(true)) cpu_times.add(*ended);
  const auto use = cpu_times.between(from, to);
  idle_company_ = use ? use->others / core::Seconds(to - from) : 0.0;
  for (const energy::Timeline& timeline : timelines) {
    if (!needs_watching(timeline.sensor())) continue;
    const core::Result<energy::IdlePower> power = energy::idle_power(timeline, from, to);
    if (!power) continue;
    found.push_back({.phase = phase,
                     .sensor = timeline.sensor().id,
                     .power = power->mean,
                     .standard_error = power->standard_error,
                     .duration = to - from,
                     .n = power->updates});
  }
  return found;
}

void Metering::start_attribution(std::span<const store::IdlePower> loaded_idle,
                                 std::optional<energy::TokenCost> cost) {
  std::vector<energy::Meter> meters;
  const bool accelerated = std::ranges::any_of(sensors(), of_accelerator);
  meter_of_sensor_.assign(sensors().size(), std::nullopt);
  for (std::size_t i = 0; i < sensors().size(); ++i) {
    if (!sensors()[i].billed) continue;
    meter_of_sensor_[i] = meters.size();
    energy::Meter meter{.sensor = sensors()[i]};
    if (cpu_.work && cpu_.machine && counts_all_cpu_work(sensors()[i], accelerated)) {
      meter.by_cpu_time = true;
      meter.idle_company = idle_company_;
      divides_by_cpu_ = true;
    }
    const auto idle = std::ranges::find(loaded_idle, sensors()[i].id, &store::IdlePower::sensor);
    if (idle != loaded_idle.end()) {
      meter.idle = energy::IdlePower{
          .mean = idle->power, .standard_error = idle->standard_error, .updates = idle->n};
    }
    meters.push_back(std::move(meter));
  }
  drain();
  attributor_.emplace(std::move(meters), cost);
  take_cpu_times(true);
  for (std::size_t i = 0; i < newest_.size(); ++i) {  // where the first request's joules count from
    if (newest_[i] && meter_of_sensor_[i]) attributor_->add(*meter_of_sensor_[i], *newest_[i]);
  }
}

void Metering::begin(std::uint64_t request, core::Instant not_before) {
  attributor_->begin(request, not_before);
}

void Metering::finish(const energy::RequestWork& work) { attributor_->finish(work); }

std::optional<energy::CpuMoment> Metering::moment(bool with_busy) const {
  if (!cpu_.work || !cpu_.machine) return std::nullopt;
  const core::Result<core::Seconds> ours = cpu_.work->read();
  if (!ours) return std::nullopt;
  return energy::CpuMoment{clock_.now(), *ours,
                           with_busy ? cpu_.machine->busy() : std::optional<core::Seconds>()};
}

void Metering::read_edges(Edges& edges) {
  for (const std::size_t sensor : asked_) {
    if (const auto reading = sampler_.read_now(sensor)) edges.readings.push_back(*reading);
  }
  if (!divides_by_cpu_) return;
  if (const auto now = moment(false)) edges.moments.push_back(*now);
}

void Metering::Edges::append(const Edges& later) {
  readings.insert(readings.end(), later.readings.begin(), later.readings.end());
  moments.insert(moments.end(), later.moments.begin(), later.moments.end());
}

void Metering::add_edges(const Edges& edges) { edges_.append(edges); }

void Metering::take_cpu_times(bool now) {
  if (!divides_by_cpu_) return;
  const core::Instant time = clock_.now();
  if (now || !busy_read_ || time - *busy_read_ >= energy::CpuTimes::kWindow) {
    if (const auto read = moment(true)) edges_.moments.push_back(*read);
    busy_read_ = time;
  }
  std::ranges::sort(edges_.moments, {}, &energy::CpuMoment::at);
  for (const energy::CpuMoment& moment : edges_.moments) attributor_->add(moment);
  edges_.moments.clear();
}

void Metering::take_readings() {
  drain();
  readings_.insert(readings_.end(), edges_.readings.begin(), edges_.readings.end());
  if (!edges_.readings.empty()) {
    std::ranges::sort(readings_, {},
                      [](const energy::Reading& reading) { return reading.sample.at; });
  }
  edges_.readings.clear();
  for (const energy::Reading& reading : readings_) {
    std::vector<energy::Sample>& unkept = unkept_[reading.sensor];
    const bool dense = sensors_[reading.sensor].answers_when_asked && !unkept.empty() &&
                       reading.sample.at - unkept.back().at < kKeptEvery;
    if (!dense) unkept.push_back(reading.sample);
    const std::optional<std::size_t> meter = meter_of_sensor_[reading.sensor];
    if (meter) attributor_->add(*meter, reading.sample);
  }
}

std::vector<energy::Attributed> Metering::settle(core::Instant until) {
  take_cpu_times(false);
  take_readings();
  return attributor_->settle(until);
}

std::vector<energy::Attributed> Metering::flush() {
  take_cpu_times(true);
  take_readings();
  return attributor_->flush();
}

core::Result<void> Metering::keep_samples(store::Run& run, std::optional<core::Instant> until) {
  for (std::size_t i = 0; i < unkept_.size(); ++i) {
    std::vector<energy::Sample>& samples = unkept_[i];
    auto from = samples.begin();
    while (from != samples.end()) {
      const std::int64_t second = whole_second(run.on_time_line(from->at));
      if (until && whole_second(run.on_time_line(*until)) == second) break;
      const auto to = std::find_if(from, samples.end(), [&](const energy::Sample& sample) {
        return whole_second(run.on_time_line(sample.at)) != second;
      });
      std::vector<energy::Sample> on_run(from, to);
      for (energy::Sample& sample : on_run) sample.at = core::Instant(run.on_time_line(sample.at));
      const std::string blob = energy::encode_telemetry(on_run);
      IPW_CHECK(run.append_telemetry(sensors()[i].id, second,
                                     std::as_bytes(std::span(blob.data(), blob.size()))));
      from = to;
    }
    samples.erase(samples.begin(), from);
  }
  return {};
}

core::Seconds Metering::time_to_tell() const {
  core::Seconds longest{0};
  for (const energy::SensorDescription& sensor : sensors()) {
    if (sensor.billed) longest = std::max(longest, 3 * sensor.update_period + sensor.told_after);
  }
  return longest;
}

std::vector<std::optional<energy::Ledger>> Metering::ledgers() const {
  std::vector<std::optional<energy::Ledger>> ledgers;
  ledgers.reserve(meter_of_sensor_.size());
  for (const std::optional<std::size_t>& meter : meter_of_sensor_) {
    ledgers.push_back(meter && attributor_ ? std::optional(attributor_->ledger(*meter))
                                           : std::nullopt);
  }
  return ledgers;
}

}  // namespace ipw::profiling
