// Draining, thinning and waiting: see watch.h.

#include "ipw/energy/watch.h"

#include <algorithm>
#include <chrono>

namespace ipw::energy {

namespace {

constexpr std::size_t kIntervalsKept = std::size_t{1} << 17;  // two minutes at 1 kHz
constexpr std::chrono::seconds kDetail{60};
constexpr std::chrono::milliseconds kGlance{20};  // how often a wait looks around

core::Instant::duration duration(core::Seconds span) {
  return std::chrono::duration_cast<core::Instant::duration>(span);
}

}  // namespace

Watch::Watch(std::vector<std::unique_ptr<Sensor>> sensors, core::Clock& clock)
    : clock_(clock),
      sampler_(std::move(sensors), clock),
      timelines_(sampler_.sensors().begin(), sampler_.sensors().end()) {
  sampler_.start();
}

void Watch::begin(core::Instant from) {
  from_ = from;
  read_edge();
  for (Timeline& timeline : timelines_) timeline.drop_before(from);
}

void Watch::read_edge() {
  update();
  for (std::size_t i = 0; i < timelines_.size(); ++i) {
    if (!timelines_[i].sensor().answers_when_asked) continue;
    const std::optional<Reading> reading = sampler_.read_now(i);
    if (!reading) continue;
    timelines_[i].add(reading->sample);
    if (sink_) sink_(*reading);
  }
}

void Watch::update() {
  readings_.clear();
  sampler_.drain(readings_);
  for (const Reading& reading : readings_) {
    timelines_[reading.sensor].add(reading.sample);
    if (sink_) sink_(reading);
  }
  if (!from_) return;
  for (Timeline& timeline : timelines_) {
    if (timeline.size() > kIntervalsKept) timeline.thin(*from_, clock_.now() - kDetail);
  }
}

void Watch::wait(core::Instant until, const std::stop_token& stop) {
  update();
  while (clock_.now() < until && !stop.stop_requested()) {
    clock_.sleep_until(std::min(until, clock_.now() + kGlance));
    update();
  }
}

void Watch::settle(core::Instant at, const std::stop_token& stop) {
  const auto told = [&](const Timeline& timeline) {
    const core::Instant patience =
        at + duration(2.0 * timeline.sensor().update_period) + std::chrono::milliseconds(100);
    return timeline.settled_until() >= at || clock_.now() >= patience;
  };
  read_edge();
  while (!std::ranges::all_of(timelines_, told) && !stop.stop_requested()) {
    wait(clock_.now() + kGlance, stop);
  }
}

std::vector<std::optional<IdlePower>> Watch::idle(core::Seconds span, const std::stop_token& stop) {
  std::vector<std::optional<IdlePower>> found(timelines_.size());
  if (span <= core::Seconds(0.0)) return found;
  const core::Instant from = clock_.now();
  wait(from + duration(span), stop);
  const core::Instant to = clock_.now();
  for (std::size_t i = 0; i < timelines_.size(); ++i) {
    if (timelines_[i].sensor().answers_when_asked) {
      found[i] = IdlePower{};  // the work alone: waiting is none
      continue;
    }
    core::Result<IdlePower> power = idle_power(timelines_[i], from, to);
    if (power) found[i] = *power;
  }
  return found;
}

}  // namespace ipw::energy
