#pragma once
// The three probability laws that intervals stand on: normal, Student's t and binomial. Written
// here because std:: has none of them.

namespace ipw::metrics {

/// P(Z <= x) of the standard normal.
[[nodiscard]] double normal_cdf(double x);

/// Its inverse, 0 < p < 1; error below 1e-12.
[[nodiscard]] double normal_quantile(double p);

/// The inverse of Student's t, 0 < p < 1, df > 0; relative error below 1e-9.
[[nodiscard]] double student_quantile(double p, double df);

/// P(X <= k) of a Binomial(n, p). n and k may be fractions (an effective sample size): then the
/// regularised incomplete beta function interpolates.
[[nodiscard]] double binomial_cdf(double k, double n, double p);

/// The normal quantile of a two-sided 95 % interval.
inline constexpr double kZ95 = 1.959963984540054;

}  // namespace ipw::metrics
