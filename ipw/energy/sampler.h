#pragma once
// One thread that reads every sensor in time, and a ring from which the consumer takes the samples.
// It never waits for the consumer: where the ring is full, samples are dropped and counted, which
// costs resolution and no joules, because counters are cumulative.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/energy/sensor.h"
#include "ipw/energy/work_clock.h"

namespace ipw::energy {

struct Reading {
  std::uint32_t sensor = 0;  // index into Sampler::sensors()
  Sample sample;
};

/// How one sensor has been doing.
struct SensorHealth {
  std::uint64_t samples = 0;
  std::uint64_t errors = 0;
  std::optional<core::Error> last_error;  // absent while readings succeed
};

/// How often the sampler reads a sensor: see Sampler.
[[nodiscard]] core::Seconds poll_period(const SensorDescription& sensor);

/// A sensor is polled at half its update period, so that updates are located in time; one that
/// updates every 8 ms or faster at its period or every 4 ms, whichever is shorter, because a
/// wake-up costs more than it tells; one that answers when asked every 100 ms; none faster than 1
/// kHz. A failing sensor is retried after 10
/// ms, then twice as long each time, up to 5 s. A late poll is not made up for by a burst. A
/// sample's time is the middle of the reading.
class Sampler {
 public:
  static constexpr std::size_t kRingSize = std::size_t{1} << 16;  // a minute at 1 kHz

  /// The thread's own work is set aside in `own`, where that is given.
  Sampler(std::vector<std::unique_ptr<Sensor>> sensors, core::Clock& clock, OwnWork* own = nullptr);
  ~Sampler();  // stops
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  [[nodiscard]] const std::vector<SensorDescription>& sensors() const { return descriptions_; }

  /// Starts or ends the thread; both may be called again. stop() returns within about 20 ms of the
  /// clock's time, or when the reading at hand has ended. Call both from one thread.
  void start();
  void stop();

  /// Moves what has arrived to the end of `readings` and says how many. One consumer at a time; any
  /// thread.
  std::size_t drain(std::vector<Reading>& readings);
  /// Reads a sensor that answers when asked, beside the thread; nothing where it fails.
  /// Thread-safe.
  [[nodiscard]] std::optional<Reading> read_now(std::size_t sensor);
  /// Samples lost because nobody drained. Thread-safe.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  /// One per sensor. Thread-safe.
  [[nodiscard]] std::vector<SensorHealth> health() const;

  /// Reads every sensor that is due at `now` and returns when the next one will be. This is what
  /// the thread does; tests call it instead of start().
  core::Instant poll(core::Instant now);

 private:
  struct Schedule {
    core::Instant::duration period;
    core::Instant::duration retry;
    core::Instant due;
    core::Instant last = core::Instant::min();  // time of the last sample
  };
  void run();
  // Begins at `before`; gives the instant at which it ended.
  core::Instant read(std::size_t sensor, core::Instant now, core::Instant before);
  void push(const Reading& reading);

  std::vector<std::unique_ptr<Sensor>> sensors_;
  std::vector<SensorDescription> descriptions_;
  std::vector<Schedule> schedules_;
  core::Clock& clock_;
  OwnWork* own_;

  // Single producer, single consumer: each index is written by one side only.
  std::vector<Reading> ring_;
  alignas(64) std::atomic<std::size_t> written_{0};
  alignas(64) std::atomic<std::size_t> taken_{0};
  std::atomic<std::uint64_t> dropped_{0};

  std::vector<std::atomic<std::uint64_t>> samples_;  // that succeeded; written by the thread alone
  mutable std::mutex health_mutex_;
  std::vector<SensorHealth> health_;  // but for `samples`

  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ipw::energy
