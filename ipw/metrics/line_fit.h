#pragma once
// A straight line through pairs of numbers by least squares, in one pass and without keeping them.

#include <cstdint>
#include <optional>

namespace ipw::metrics {

/// y = intercept + slope · x, with the 95 % limits of the slope where three points or more leave a
/// residual to judge it by (Student's t, errors independent and of one variance).
struct Line {
  double intercept = 0.0;
  double slope = 0.0;
  std::optional<double> slope_low;
  std::optional<double> slope_high;
  double r_squared =
      0.0;  // share of the variance of y that the line explains; 1 where y is constant
  std::int64_t n = 0;
};

/// Sums of squares about the running means (Welford 1962), which do not cancel as plain sums do.
/// One owner at a time.
class LineFit {
 public:
  /// Pairs with a number that is not finite are left out.
  void add(double x, double y);
  /// Absent where fewer than two different x were added.
  [[nodiscard]] std::optional<Line> line() const;

 private:
  std::int64_t n_ = 0;
  double mean_x_ = 0.0;
  double mean_y_ = 0.0;
  double xx_ = 0.0;
  double xy_ = 0.0;
  double yy_ = 0.0;
};

}  // namespace ipw::metrics
