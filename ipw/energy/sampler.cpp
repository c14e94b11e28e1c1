// Polling and the ring: see sampler.h.

#include "ipw/energy/sampler.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ipw::energy {

namespace {

using std::chrono::milliseconds;
using Duration = core::Instant::duration;

constexpr Duration kFastestPoll = milliseconds(1);
constexpr Duration kEnoughForFastSensors = milliseconds(4);
constexpr Duration kBetweenEdges = milliseconds(100);
constexpr Duration kFirstRetry = milliseconds(10);
constexpr Duration kLastRetry = std::chrono::seconds(5);
constexpr Duration kStopCheck = milliseconds(20);

Duration poll_every(const SensorDescription& sensor) {
  if (sensor.answers_when_asked) return kBetweenEdges;
  const auto update = std::chrono::duration_cast<Duration>(sensor.update_period);
  return std::max(kFastestPoll, std::max(update / 2, std::min(update, kEnoughForFastSensors)));
}

}  // namespace

core::Seconds poll_period(const SensorDescription& sensor) { return poll_every(sensor); }

Sampler::Sampler(std::vector<std::unique_ptr<Sensor>> sensors, core::Clock& clock, OwnWork* own)
    : sensors_(std::move(sensors)),
      clock_(clock),
      own_(own),
      ring_(kRingSize),
      samples_(sensors_.size()),
      health_(sensors_.size()) {
  const core::Instant now = clock_.now();
  for (const auto& sensor : sensors_) {
    descriptions_.push_back(sensor->describe());
    schedules_.push_back({poll_every(descriptions_.back()), kFirstRetry, now});
  }
}

Sampler::~Sampler() { stop(); }

void Sampler::start() {
  if (thread_.joinable() || sensors_.empty()) return;
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void Sampler::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Sampler::run() {
  const OwnWork::Aside aside(own_);
  while (!stopping_) {
    const core::Instant now = clock_.now();
    clock_.sleep_until(std::min(poll(now), now + kStopCheck));
  }
}

core::Instant Sampler::poll(core::Instant now) {
  core::Instant next = core::Instant::max();
  core::Instant at = now;  // one reading ends where the next begins: one look at the clock for both
  for (std::size_t i = 0; i < sensors_.size(); ++i) {
    if (schedules_[i].due <= now) at = read(i, now, at);
    next = std::min(next, schedules_[i].due);
  }
  return next;
}

core::Instant Sampler::read(std::size_t sensor, core::Instant now, core::Instant before) {
  Schedule& schedule = schedules_[sensor];
  core::Result<Sample> sample = sensors_[sensor]->read(before);
  const core::Instant after = clock_.now();
  if (!sample) {
    schedule.due = now + std::max(schedule.retry, schedule.period);
    schedule.retry = std::min(2 * schedule.retry, kLastRetry);
    const std::lock_guard lock(health_mutex_);
    ++health_[sensor].errors;
    health_[sensor].last_error = std::move(sample).error();
    return after;
  }
  // What another machine has stamped keeps its time, and brings news once.
  const bool stamped_here = sample->at == before;
  if (stamped_here) sample->at += (after - before) / 2;
  if (stamped_here || sample->at > schedule.last) {
    push({static_cast<std::uint32_t>(sensor), *sample});
    schedule.last = sample->at;
  }
  schedule.retry = kFirstRetry;
  schedule.due += schedule.period;
  if (schedule.due <= now) schedule.due = now + schedule.period;
  samples_[sensor].store(samples_[sensor].load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  if (health_[sensor].last_error) {  // written by this thread alone
    const std::lock_guard lock(health_mutex_);
    health_[sensor].last_error.reset();
  }
  return after;
}

std::optional<Reading> Sampler::read_now(std::size_t sensor) {
  const core::Instant before = clock_.now();
  core::Result<Sample> sample = sensors_[sensor]->read(before);
  if (!sample) return std::nullopt;
  return Reading{static_cast<std::uint32_t>(sensor), *sample};
}

void Sampler::push(const Reading& reading) {
  const std::size_t written = written_.load(std::memory_order_relaxed);
  if (written - taken_.load(std::memory_order_acquire) == kRingSize) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  ring_[written % kRingSize] = reading;
  written_.store(written + 1, std::memory_order_release);
}

std::size_t Sampler::drain(std::vector<Reading>& readings) {
  const std::size_t taken = taken_.load(std::memory_order_relaxed);
  const std::size_t written = written_.load(std::memory_order_acquire);
  for (std::size_t i = taken; i != written; ++i) readings.push_back(ring_[i % kRingSize]);
  taken_.store(written, std::memory_order_release);
  return written - taken;
}

std::vector<SensorHealth> Sampler::health() const {
  const std::lock_guard lock(health_mutex_);
  std::vector<SensorHealth> health = health_;
  for (std::size_t i = 0; i < health.size(); ++i) {
    health[i].samples = samples_[i].load(std::memory_order_relaxed);
  }
  return health;
}

}  // namespace ipw::energy
