// See sparkline.h.
#include "ipw/report/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ipw::report {

std::string sparkline(std::span<const std::optional<double>> values, std::optional<double> top) {
  constexpr std::array kBars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double most = top.value_or(0.0);
  if (!top) {
    for (const std::optional<double>& value : values) most = std::max(most, value.value_or(0.0));
  }
  std::string bars;
  for (const std::optional<double>& value : values) {
    if (!value || !std::isfinite(*value)) {
      bars += " ";
      continue;
    }
    const double height = most > 0.0 ? std::clamp(*value / most, 0.0, 1.0) : 0.0;
    const auto step = static_cast<std::size_t>(height * static_cast<double>(kBars.size()));
    bars += kBars[std::min(step, kBars.size() - 1)];
  }
  return bars;
}

}  // namespace ipw::report
