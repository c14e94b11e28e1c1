#pragma once
// Time comes in from outside: everything that stamps, waits or expires takes a Clock, so that tests
// run on a clock that they move by hand. All durations come from the monotonic side; wall time only
// labels runs.

#include <chrono>

namespace ipw::core {

/// A point on the machine's monotonic clock (CLOCK_MONOTONIC on Linux), nanosecond resolution.
using Instant = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
  /// Blocks until `until`; returns at once if it has passed.
  virtual void sleep_until(Instant until) = 0;
};

/// The machine's own clock.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] WallTime wall() const override;
  void sleep_until(Instant until) override;
};

}  // namespace ipw::core
