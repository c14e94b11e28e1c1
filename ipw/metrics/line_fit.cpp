// See line_fit.h.
#include "ipw/metrics/line_fit.h"

#include <algorithm>
#include <cmath>

#include "ipw/metrics/distribution.h"

namespace ipw::metrics {

void LineFit::add(double x, double y) {
  if (!std::isfinite(x) || !std::isfinite(y)) return;
  const auto n = static_cast<double>(++n_);
  const double from_x = x - mean_x_;
  const double from_y = y - mean_y_;
  mean_x_ += from_x / n;
  mean_y_ += from_y / n;
  xx_ += from_x * (x - mean_x_);
  xy_ += from_x * (y - mean_y_);
  yy_ += from_y * (y - mean_y_);
}

std::optional<Line> LineFit::line() const {
  if (n_ < 2 || !(xx_ > 0.0)) return std::nullopt;
  Line line{.slope = xy_ / xx_, .n = n_};
  line.intercept = mean_y_ - line.slope * mean_x_;
  const double residual = std::max(yy_ - xy_ * line.slope, 0.0);
  line.r_squared = yy_ > 0.0 ? 1.0 - residual / yy_ : 1.0;
  if (n_ > 2) {
    const auto freedom = static_cast<double>(n_ - 2);
    const double margin = student_quantile(.975, freedom) * std::sqrt(residual / freedom / xx_);
    line.slope_low = line.slope - margin;
    line.slope_high = line.slope + margin;
  }
  return line;
}

}  // namespace ipw::metrics
