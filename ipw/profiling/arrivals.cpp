// Random gaps by inversion and rejection from one generator, so that they are the same everywhere.
#include "ipw/profiling/arrivals.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "ipw/metrics/distribution.h"

namespace ipw::profiling {
namespace {

constexpr std::array kLaws{
    std::pair{ArrivalLaw::kClosed, "closed"}, std::pair{ArrivalLaw::kConstant, "constant"},
    std::pair{ArrivalLaw::kPoisson, "poisson"}, std::pair{ArrivalLaw::kGamma, "gamma"},
    std::pair{ArrivalLaw::kTrace, "trace"}};

// Uniform in (0, 1): neither end, where logarithms and quantiles are infinite.
double inner_unit(core::Random& random) { return random.unit() + 0x1.0p-54; }

double exponential(core::Random& random) { return -std::log(inner_unit(random)); }

// Gamma of this shape and scale 1, by Marsaglia and Tsang (2000); shapes below 1 by their remark
// Γ(a) = Γ(a + 1) · U^(1/a).
double gamma(core::Random& random, double shape) {
  if (shape < 1.0) {
    const double whole = gamma(random, shape + 1.0);
    return whole * std::pow(inner_unit(random), 1.0 / shape);
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = metrics::normal_quantile(inner_unit(random));
    const double root = 1.0 + c * x;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (std::log(inner_unit(random)) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

}  // namespace

const char* name(ArrivalLaw law) {
  return std::ranges::find(kLaws, law, &decltype(kLaws)::value_type::first)->second;
}

core::Result<ArrivalLaw> arrival_law(std::string_view name) {
  for (const auto& [law, word] : kLaws) {
    if (name == word) return law;
  }
  return core::fail(core::ErrorCode::kUsage, "no arrivals are called " + std::string(name) +
                                                 " (constant, poisson, gamma or gamma:SHAPE)");
}

Schedule::Schedule(const Arrivals& arrivals, std::uint64_t seed)
    : arrivals_(arrivals), random_(seed) {}

double Schedule::gap() {
  switch (arrivals_.law) {
    case ArrivalLaw::kPoisson: return exponential(random_);
    case ArrivalLaw::kGamma: return gamma(random_, arrivals_.shape) / arrivals_.shape;
    default: return count_ == 0 ? 0.0 : 1.0;
  }
}

// Where the cumulative rate reaches `expected`: rate · t² / (2 · ramp) until the ramp is over, then
// rate · (t - ramp / 2).
core::Seconds Schedule::at(double expected) const {
  const double ramp = arrivals_.ramp.count();
  const double in_ramp = arrivals_.rate * ramp / 2.0;
  if (expected < in_ramp) return core::Seconds(std::sqrt(2.0 * ramp * expected / arrivals_.rate));
  return core::Seconds(expected / arrivals_.rate + ramp / 2.0);
}

std::optional<core::Seconds> Schedule::next() {
  core::Seconds due{0};
  if (arrivals_.law == ArrivalLaw::kTrace) {
    if (count_ == arrivals_.trace.size()) return std::nullopt;
    due = arrivals_.trace[count_];
  } else {
    expected_ += gap();
    due = at(expected_);
  }
  if (arrivals_.duration && due >= *arrivals_.duration) return std::nullopt;
  ++count_;
  return due;
}

std::int64_t count_arrivals(const Arrivals& arrivals, std::uint64_t seed, std::int64_t most) {
  Schedule schedule(arrivals, seed);
  std::int64_t count = 0;
  while (count < most && schedule.next()) ++count;
  return count;
}

}  // namespace ipw::profiling
