#pragma once
// When requests are due: the laws of an open loop as pure functions of a seed, so that the same
// load can be offered again, and known beforehand.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ipw/core/random.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"

namespace ipw::profiling {

enum class ArrivalLaw {
  kClosed,    // no schedule: the next request goes out when one comes back
  kConstant,  // every 1 / rate seconds, the first at once
  kPoisson,   // independent exponential gaps
  kGamma,     // independent gamma gaps: shape below 1 is burstier than Poisson, above 1 smoother
  kTrace,     // as recorded
};

/// "closed", "constant", "poisson", "gamma" or "trace".
[[nodiscard]] const char* name(ArrivalLaw law);
/// kUsage where no law is called so.
[[nodiscard]] core::Result<ArrivalLaw> arrival_law(std::string_view name);

struct Arrivals {
  ArrivalLaw law = ArrivalLaw::kClosed;
  double rate = 0.0;      // requests per second once the ramp is over; not for traces
  double shape = 1.0;     // of kGamma: 1 is Poisson
  core::Seconds ramp{0};  // the rate rises in a straight line from 0 to `rate` in that time
  std::optional<core::Seconds>
      duration;                      // requests are due before it; absent: as many as there are
  std::vector<core::Seconds> trace;  // of kTrace: since the first, ascending
};

/// The due times of a load, one by one, as seconds since it began; ascending. A renewal process of
/// mean gap 1 is mapped through the inverse of the cumulative rate, so that a ramp keeps the law's
/// burstiness (inversion of the expectation function, Çinlar 1975). Gaps of kGamma have the shape
/// that vLLM calls burstiness and the same mean whatever the shape (Marsaglia & Tsang 2000). The
/// same seed gives the same times. One owner at a time.
class Schedule {
 public:
  /// `arrivals` outlives it and is not kClosed.
  Schedule(const Arrivals& arrivals, std::uint64_t seed);

  /// Nothing: no more requests are due.
  [[nodiscard]] std::optional<core::Seconds> next();

 private:
  [[nodiscard]] double gap();
  [[nodiscard]] core::Seconds at(double expected) const;

  const Arrivals& arrivals_;
  core::Random random_;
  double expected_ = 0.0;  // requests due by now, on average
  std::size_t count_ = 0;
};

/// How many requests the schedule holds, `most` at most.
[[nodiscard]] std::int64_t count_arrivals(const Arrivals& arrivals, std::uint64_t seed,
                                          std::int64_t most);

}  // namespace ipw::profiling
