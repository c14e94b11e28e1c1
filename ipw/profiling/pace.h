#pragma once
// The schedule on this machine's clock, and how well it was kept.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "ipw/core/clock.h"
#include "ipw/core/units.h"
#include "ipw/profiling/arrivals.h"

namespace ipw::profiling {

/// Leave to send one request.
struct Turn {
  std::optional<core::Instant> due;  // absent: at once
};

/// Turns, from the moment that it is made. One thread at a time.
class Pace {
 public:
  /// Of the schedule's first `sent` requests none is given again: the one after them is due after
  /// its gap. `arrivals` and `clock` outlive it.
  Pace(const Arrivals& arrivals, std::uint64_t seed, const core::Clock& clock, std::int64_t sent);

  /// Nothing: the schedule, or the time of a closed loop, is over.
  [[nodiscard]] std::optional<Turn> next();

 private:
  const Arrivals& arrivals_;
  const core::Clock& clock_;
  core::Instant begin_;
  std::optional<Schedule> schedule_;  // absent: a closed loop
};

/// Counts the requests that left late. A generator is said to have fallen behind where the p99 of
/// its dispatch delay is above kLate, that is where more than one in a hundred left later than that
/// (inference-perf calls a median below 10 ms good; this asks it of the p99). Thread-safe.
class Punctuality {
 public:
  static constexpr core::Seconds kLate{0.010};

  /// `delay`: how long after its time a request left.
  void sent(core::Seconds delay);
  /// The same for the moment at which a thread was free for it.
  void claimed(core::Seconds delay);

  [[nodiscard]] bool fell_behind() const;
  /// "on time: 0 of 500 requests left over 10 ms late, the last of them by 0.2 ms", or "fell
  /// behind: …" with the cause, and what to do.
  [[nodiscard]] std::string text(int in_flight) const;

 private:
  std::atomic<std::int64_t> sent_{0};
  std::atomic<std::int64_t> late_{0};
  std::atomic<std::int64_t> claimed_late_{0};
  std::atomic<double> worst_{0.0};
};

}  // namespace ipw::profiling
