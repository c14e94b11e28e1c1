#pragma once
// Intervals in closed form: Wilson for proportions, MOVER for sums and ratios of two estimates that
// have limits of their own, order statistics for percentiles. All two-sided 95 %.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace ipw::metrics {

/// 95 % limits of something. A limit that the sample cannot give is absent and `reason` says why.
struct Limits {
  std::optional<double> low;
  std::optional<double> high;
  std::string method;
  std::string reason;
};

/// An estimate with both its limits, low <= value <= high.
struct Estimate {
  double value = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// Wilson (1927) score limits for `successes` (0 … trials; fractions allowed, for grades) out of
/// `trials` independent binary draws. Absent for trials = 0.
[[nodiscard]] Limits wilson(double successes, double trials);

/// Limits of a.value - b.value by MOVER, Zou & Donner (2008); `correlation` of the two estimates.
[[nodiscard]] Limits mover_difference(Estimate a, Estimate b, double correlation = 0.0);

/// Limits of a.value / b.value by MOVER, Donner & Zou (2012), a.low >= 0 and b.low > 0. At a.value
/// = 0 the lower limit is 0 and the upper is a.high / sqrt(b.low (2 b.value - b.low)).
[[nodiscard]] Limits mover_ratio(Estimate a, Estimate b, double correlation = 0.0);

/// The correlation that MOVER is to take for the shares a and b of right answers to the same n
/// questions, from the observed one: where it is above zero, its covariance less half a question
/// (Newcombe 1998, Statistics in Medicine 17:2635, method 10). Without that, models that differ on
/// no question of thirty would have an interval of no width. 0 where a share is 0 or 1.
[[nodiscard]] double corrected_phi(double correlation, double a, double b, double n);

/// Limits of the difference of two shares of right answers to the same n questions, from the limits
/// of each (Wilson's) and their correlation: Newcombe (1998, method 10 without continuity
/// correction) by mover_difference() and corrected_phi(); within -1 and 1.
[[nodiscard]] Limits newcombe_paired(Estimate a, Estimate b, double correlation, double n);

/// The p-quantile of ascending numbers with linear interpolation (Hyndman & Fan 1996, type 7: what
/// numpy and R do by default). `sorted` is not empty.
[[nodiscard]] double quantile(std::span<const float> sorted, double p);

/// Distribution-free limits of the p-quantile: the order statistics whose ranks bound a
/// Binomial(n, p) with 2.5 % on either side (David & Nagaraja 2003, 7.1). `effective_n` <= n is the
/// number of independent observations that the sample is worth. A rank outside 1 … n leaves that
/// limit absent: the upper one of p99 needs 368. In tiny samples quantile() can lie below the lower
/// order statistic; the limit is then moved to it.
[[nodiscard]] Limits order_statistic_limits(std::span<const float> sorted, double p,
                                            double effective_n);

/// The smallest number of independent observations whose upper order-statistic limit of the
/// p-quantile exists.
[[nodiscard]] std::int64_t observations_needed(double p);

}  // namespace ipw::metrics
