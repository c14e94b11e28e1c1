// See plot_axis.h.
#include "ipw/report/plot_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "ipw/report/text.h"

namespace ipw::report {
namespace {

constexpr double kRoom = 0.04;  // of the range, on either side

double power_of_ten(double exponent) { return std::pow(10.0, exponent); }

// The step of 1, 2 or 5 times a power of ten that is no less than `least`.
double step_above(double least) {
  const double decade = power_of_ten(std::floor(std::log10(least)));
  for (const double times : {1.0, 2.0, 5.0}) {
    if (times * decade >= least * (1 - 1e-9)) return times * decade;
  }
  return 10.0 * decade;
}

std::vector<double> even_ticks(double low, double high, int most) {
  const double step = step_above((high - low) / std::max(most - 1, 1));
  std::vector<double> ticks;
  const double slack = step * 1e-9;
  const double first = std::ceil((low - slack) / step);
  for (int i = 0; i <= most && (first + i) * step <= high + slack; ++i) {
    ticks.push_back((first + i) * step);
  }
  return ticks;
}

// 1, 2 and 5 of each decade, or 1 and 3, or 1, or 1 of every second decade, …: the densest that
// fits.
std::vector<double> log_ticks(double low, double high, int most) {
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  const std::array<std::vector<double>, 3> mantissas{{{1, 2, 5}, {1, 3}, {1}}};
  std::vector<double> ticks;
  const auto fill = [&](const std::vector<double>& of_decade, int stride) {
    ticks.clear();
    for (int decade = first; decade <= last; ++decade) {
      if (decade % stride != 0) continue;
      for (const double mantissa : of_decade) {
        const double at = mantissa * power_of_ten(decade);
        if (at >= low * (1 - 1e-9) && at <= high * (1 + 1e-9)) ticks.push_back(at);
      }
    }
    return static_cast<int>(ticks.size()) <= most;
  };
  const bool few = std::ranges::any_of(mantissas, [&](const auto& m) { return fill(m, 1); });
  for (int stride = 2; !few && !fill({1}, stride) && stride < last - first; ++stride) {
  }
  return ticks.size() >= 2 ? ticks : even_ticks(low, high, most);
}

std::string without_zeros(std::string text) {
  const std::size_t point = text.find('.');
  if (point == std::string::npos) return text;
  std::size_t end = text.find_first_not_of("0123456789", point + 1);
  end = std::min(end, text.size());
  std::size_t keep = end;
  while (text[keep - 1] == '0') --keep;
  if (text[keep - 1] == '.') --keep;
  return text.erase(keep, end - keep);
}

std::string log_tick_text(double value, const std::string& unit) {
  if (unit == "%") return without_zeros(fmt::format("{:.3g}", value * 100)) + " %";
  return without_zeros(quantity_text(value, unit));
}

std::string with_commas(std::string number) {
  const std::size_t first = number.starts_with('-') ? 1 : 0;
  const std::size_t whole = std::min(number.find('.'), number.size());
  if (whole - first < 5) return number;  // 1234 is read without
  for (std::size_t at = whole; at > first + 3; at -= 3) number.insert(at - 3, ",");
  return number;
}

// One prefix for the whole axis, which its label names.
void name_even_ticks(AxisScale& scale, const PlotAxis& axis, const std::vector<double>& ticks) {
  const double largest = std::max(std::abs(scale.low), std::abs(scale.high));
  UnitScale unit = unit_scale(largest, axis.unit);
  if (axis.unit == "%") unit.factor = .01;
  const double step = ticks.size() > 1 ? (ticks[1] - ticks[0]) / unit.factor : 0.0;
  const double decimals = step > 0.0 ? -std::floor(std::log10(step) + 1e-9) : 2.0;
  const bool plain = largest / unit.factor < 1e7 && decimals <= 5.0;
  for (const double at : ticks) {
    const double shown = at / unit.factor + 0.0;  // no "-0"
    scale.ticks.push_back(
        {at,
         plain ? with_commas(fmt::format("{:.{}f}", shown, std::max(0, static_cast<int>(decimals))))
               : fmt::format("{:g}", shown)});
  }
  if (!axis.label.empty() && !axis.unit.empty() && axis.unit != "1") {
    scale.label += fmt::format(" ({}{})", unit.prefix, axis.unit);
  }
}

}  // namespace

bool AxisScale::shows(double value) const { return std::isfinite(value) && (!log || value > 0.0); }

double AxisScale::place(double value) const {
  if (log) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

AxisScale axis_scale(const PlotAxis& axis, std::span<const double> values, int most_ticks) {
  AxisScale scale{.log = axis.log, .label = axis.label};
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double value : values) {
    if (!scale.shows(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) {  // nothing to show
    low = axis.log ? 1.0 : 0.0;
    high = axis.log ? 10.0 : 1.0;
  }
  if (axis.from_zero && !axis.log) {
    low = std::min(low, 0.0);
    high = std::max(high, 0.0);
  }
  if (axis.log) {
    const double room = std::max(std::log10(high / low) * kRoom, low == high ? .3 : .02);
    const auto fixed = [](std::optional<double> end) {
      return end && *end > 0.0 ? end : std::nullopt;
    };
    scale.low = fixed(axis.low).value_or(low / power_of_ten(room));
    scale.high = fixed(axis.high).value_or(high * power_of_ten(room));
  } else {
    const double room = high > low ? (high - low) * kRoom : std::max(std::abs(low), 1e-9) * .5;
    scale.low = axis.low.value_or(axis.from_zero && low == 0.0 ? 0.0 : low - room);
    scale.high = axis.high.value_or(axis.from_zero && high == 0.0 && low < 0.0 ? 0.0 : high + room);
  }
  if (!(scale.high > scale.low)) scale.high = scale.low + (axis.log ? scale.low : 1.0);
  if (!axis.log) {
    name_even_ticks(scale, axis, even_ticks(scale.low, scale.high, most_ticks));
  } else {
    for (const double at : log_ticks(scale.low, scale.high, most_ticks)) {
      scale.ticks.push_back({at, log_tick_text(at, axis.unit)});
    }
    // Units without a prefix are not in the ticks.
    const bool named = axis.unit.starts_with("J") || axis.unit.starts_with("W") ||
                       axis.unit.starts_with("s") || axis.unit == "%" || axis.unit == "1";
    if (!named && !axis.label.empty() && !axis.unit.empty() && !axis.unit.starts_with("1/")) {
      scale.label += fmt::format(" ({})", axis.unit);
    }
  }
  return scale;
}

}  // namespace ipw::report
