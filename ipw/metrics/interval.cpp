// The closed forms, each a few lines of algebra.
#include "ipw/metrics/interval.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

/// The largest k in [-1, n) with P(Binomial(n, p) <= k) <= level.
double last_rank_below(double level, double n, double p) {
  double low = -1.0;
  double high = std::ceil(n);
  while (high - low > 1.0) {
    const double middle = std::floor(0.5 * (low + high));
    (binomial_cdf(middle, n, p) <= level ? low : high) = middle;
  }
  return low;
}

}  // namespace

Limits wilson(double successes, double trials) {
  if (!(trials > 0.0)) return {{}, {}, "wilson", "nothing was judged"};
  const double share = successes / trials;
  const double z2 = kZ95 * kZ95 / trials;
  const double centre = share + z2 / 2.0;
  const double spread = kZ95 * std::sqrt(share * (1.0 - share) / trials + z2 / (4.0 * trials));
  const double low = successes <= 0.0 ? 0.0 : (centre - spread) / (1.0 + z2);
  const double high = successes >= trials ? 1.0 : (centre + spread) / (1.0 + z2);
  return {low, high, "wilson", {}};
}

Limits mover_difference(Estimate a, Estimate b, double correlation) {
  const auto distance = [correlation](double da, double db) {
    return std::sqrt(std::max(0.0, da * da + db * db - 2.0 * correlation * da * db));
  };
  const double difference = a.value - b.value;
  return {difference - distance(a.value - a.low, b.high - b.value),
          difference + distance(a.high - a.value, b.value - b.low),
          "mover",
          {}};
}

// A limit x of a/b solves (a - xb)² = da² + x²db² - 2·r·x·da·db with the distances da and db to the
// limits on the side that matters: x²(b² - db²) - 2x(ab - r·da·db) + (a² - da²) = 0.
Limits mover_ratio(Estimate a, Estimate b, double correlation) {
  struct Quadratic {
    double square, half, constant, root;
  };
  const auto quadratic = [&](double da, double db) {
    const double square = b.value * b.value - db * db;
    const double half = a.value * b.value - correlation * da * db;
    const double constant = a.value * a.value - da * da;
    return Quadratic{square, half, constant,
                     std::sqrt(std::max(0.0, half * half - square * constant))};
  };
  const Quadratic lower = quadratic(a.value - a.low, b.high - b.value);
  const Quadratic upper = quadratic(a.high - a.value, b.value - b.low);
  const double below = lower.half + lower.root;
  return {below > 0.0 ? std::max(0.0, lower.constant / below) : 0.0,
          (upper.half + upper.root) / upper.square,
          "mover",
          {}};
}

double corrected_phi(double correlation, double a, double b, double n) {
  const double spread = n * std::sqrt(a * (1.0 - a) * b * (1.0 - b));
  if (!(spread > 0.0)) return 0.0;
  return correlation > 0.0 ? std::max(correlation - 0.5 / spread, 0.0) : correlation;
}

Limits newcombe_paired(Estimate a, Estimate b, double correlation, double n) {
  Limits limits = mover_difference(a, b, corrected_phi(correlation, a.value, b.value, n));
  limits.low = std::max(*limits.low, -1.0);
  limits.high = std::min(*limits.high, 1.0);
  limits.method = "newcombe-paired";
  return limits;
}

double quantile(std::span<const float> sorted, double p) {
  const double position = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double left = static_cast<double>(sorted[below]);
  const double right = static_cast<double>(sorted[above]);
  return left + (position - static_cast<double>(below)) * (right - left);
}

Limits order_statistic_limits(std::span<const float> sorted, double p, double effective_n) {
  Limits limits{{}, {}, "order-statistic", {}};
  const double n = static_cast<double>(sorted.size());
  const double effective = std::min(effective_n, n);
  // A 1-based rank of the effective sample, moved outwards to a rank of the actual one.
  const double stretch = n / effective;
  const double low = std::floor((last_rank_below(0.025, effective, p) + 1.0) * stretch);
  const double below_high = last_rank_below(0.975 - 1e-12, effective, p);
  const double high = std::ceil((below_high + 2.0) * stretch);
  const double value = quantile(sorted, p);
  const auto at = [&](double rank) {
    return static_cast<double>(sorted[static_cast<std::size_t>(rank) - 1]);
  };
  if (low >= 1.0) limits.low = std::min(at(low), value);
  if (high <= n) limits.high = std::max(at(high), value);
  if (!limits.low || !limits.high) {
    const double needed = static_cast<double>(std::max(
        limits.low ? 0 : observations_needed(1.0 - p), limits.high ? 0 : observations_needed(p)));
    const char* which = limits.low    ? "no upper limit"
                        : limits.high ? "no lower limit"
                                      : "no limits";
    limits.reason = std::string(which) + ": needs " + std::to_string(static_cast<long>(needed)) +
                    " independent observations, has " +
                    std::to_string(static_cast<long>(effective));
  }
  return limits;
}

std::int64_t observations_needed(double p) {
  return static_cast<std::int64_t>(std::ceil(std::log(0.025) / std::log(p)));
}

}  // namespace ipw::metrics
