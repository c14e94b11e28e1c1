// Quantiles by bisection on the distribution functions: slower than rational approximations, but
// short, and exact to the last digits that matter. Called a few dozen times per report.
#include "ipw/metrics/distribution.h"

#include <cmath>
#include <initializer_list>

namespace ipw::metrics {
namespace {

/// Continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  double c = 1.0;
  double d = 1.0 - (a + b) * x / (a + 1.0);
  d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
  double fraction = d;
  for (int m = 1; m <= 10'000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double step = 1.0;
    for (const double term : {even, odd}) {
      d = 1.0 + term * d;
      d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
      c = 1.0 + term / c;
      c = std::abs(c) < kTiny ? kTiny : c;
      step = c * d;
      fraction *= step;
    }
    if (std::abs(step - 1.0) < 1e-15) break;
  }
  return fraction;
}

/// I_x(a, b), 0 <= x <= 1, a and b > 0.
double incomplete_beta(double x, double a, double b) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  if (x > (a + 1.0) / (a + b + 2.0)) return 1.0 - incomplete_beta(1.0 - x, b, a);
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  return std::exp(log_front) / a * beta_fraction(x, a, b);
}

double student_cdf(double t, double df) {
  const double tail = 0.5 * incomplete_beta(df / (df + t * t), df / 2.0, 0.5);
  return t > 0.0 ? 1.0 - tail : tail;
}

/// The root of cdf(x) = p for p >= 1/2, where the quantile is not negative.
template <class Cdf>
double invert_upper_half(Cdf cdf, double p) {
  double high = 1.0;
  while (cdf(high) < p && high < 1e300) high *= 2.0;
  double low = 0.0;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (cdf(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double normal_quantile(double p) {
  if (p > 0.5) return -normal_quantile(1.0 - p);  // the lower tail keeps its digits
  return -invert_upper_half([](double x) { return 1.0 - normal_cdf(-x); }, 1.0 - p);
}

double student_quantile(double p, double df) {
  if (p < 0.5) return -student_quantile(1.0 - p, df);
  return invert_upper_half([df](double t) { return student_cdf(t, df); }, p);
}

double binomial_cdf(double k, double n, double p) {
  if (k < 0.0) return 0.0;
  if (k >= n) return 1.0;
  return incomplete_beta(1.0 - p, n - k, k + 1.0);
}

}  // namespace ipw::metrics
