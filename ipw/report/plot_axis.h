#pragma once
// Where an axis of a plot begins and ends, and which numbers stand along it.

#include <span>
#include <string>
#include <vector>

#include "ipw/report/plot.h"

namespace ipw::report {

struct Tick {
  double at = 0.0;
  std::string text;
};

struct AxisScale {
  bool log = false;
  double low = 0.0;
  double high = 1.0;
  std::vector<Tick> ticks;
  std::string label;  // with the unit, where the ticks do not carry it

  /// Whether the axis can show `value` at all.
  [[nodiscard]] bool shows(double value) const;
  /// 0 at the low end, 1 at the high one.
  [[nodiscard]] double place(double value) const;
};

/// Holds every value that can be shown, with some room; at most `most_ticks` ticks, at 1, 2 or 5
/// times a power of ten. Values that are not finite are ignored.
[[nodiscard]] AxisScale axis_scale(const PlotAxis& axis, std::span<const double> values,
                                   int most_ticks);

}  // namespace ipw::report
