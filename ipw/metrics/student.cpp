// Everything here is a few passes of the jackknife: the statistic without each unit, without each
// repeat, and without each cell of both.
#include "ipw/metrics/student.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

constexpr const char* kNoSpread = "one observation has no spread";
constexpr const char* kOneCarriesAll = "one observation carries everything";

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Deviations from their mean.
std::vector<double> centred(std::vector<double> values) {
  const double centre = mean(values);
  for (double& value : values) value -= centre;
  return values;
}

/// The statistic without each block of rows (of units, repeats, or cells) in turn.
std::vector<double> jackknife(std::span<const double> rows, std::size_t block,
                              std::span<const double> totals, const Statistic& statistic) {
  const std::size_t columns = totals.size();
  const std::size_t step = block * columns;
  std::vector<double> without;
  std::vector<double> values;
  values.reserve(rows.size() / step + 1);
  for (std::size_t first = 0; first < rows.size(); first += step) {
    without.assign(totals.begin(), totals.end());
    const std::size_t last = std::min(first + step, rows.size());
    for (std::size_t row = first; row < last; row += columns) {
      for (std::size_t c = 0; c < columns; ++c) without[c] -= rows[row + c];
    }
    values.push_back(statistic(without));
  }
  return values;
}

double jackknife_variance(const std::vector<double>& deviations) {
  const double n = static_cast<double>(deviations.size());
  return std::inner_product(deviations.begin(), deviations.end(), deviations.begin(), 0.0) *
         (n - 1.0) / n;
}

/// What the noise within repeats gives to the variance of the whole, from cells (unit by unit).
double noise_variance(const UnitSums& sums, std::vector<double> cells) {
  const std::size_t n = sums.units;
  const std::size_t repeats = sums.repeats;
  cells = centred(std::move(cells));
  std::vector<double> of_unit(n, 0.0);
  std::vector<double> of_repeat(repeats, 0.0);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    of_unit[i / repeats] += cells[i] / static_cast<double>(repeats);
    of_repeat[i % repeats] += cells[i] / static_cast<double>(n);
  }
  double squares = 0.0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const double rest = cells[i] - of_unit[i / repeats] - of_repeat[i % repeats];
    squares += rest * rest;
  }
  const auto count = static_cast<double>(cells.size());
  const auto freedom = static_cast<double>((n - 1) * (repeats - 1));
  return squares * (count - 1.0) * (count - 1.0) / count / freedom;
}

struct Spread {
  double variance = 0.0;
  double freedom = 0.0;
  std::vector<double> influence;  // by unit (or block), adding up to zero
  double bias = 0.0;
};

Spread spread_of(const UnitSums& sums, const Statistic& statistic, double estimate) {
  const std::vector<double> totals = sums.totals();
  Spread spread;
  std::vector<double> values = jackknife(sums.by_unit, sums.block, totals, statistic);
  const auto n = static_cast<double>(values.size());
  spread.bias = (n - 1.0) * (mean(values) - estimate);
  spread.influence = centred(std::move(values));
  for (double& value : spread.influence) value *= -(n - 1.0);
  const double of_units = std::inner_product(spread.influence.begin(), spread.influence.end(),
                                             spread.influence.begin(), 0.0) /
                          (n * (n - 1.0));
  spread.variance = of_units;
  spread.freedom = n - 1.0;
  if (sums.repeats < 2 || sums.by_cell.empty()) return spread;
  const double of_repeats =
      jackknife_variance(centred(jackknife(sums.by_repeat, 1, totals, statistic)));
  const double noise = noise_variance(sums, jackknife(sums.by_cell, 1, totals, statistic));
  if (!(of_repeats > noise)) return spread;
  const auto repeats = static_cast<double>(sums.repeats);
  spread.variance = of_units + of_repeats - noise;
  spread.freedom = spread.variance * spread.variance /
                   (of_units * of_units / (n - 1.0) + of_repeats * of_repeats / (repeats - 1.0) +
                    noise * noise / ((n - 1.0) * (repeats - 1.0)));
  return spread;
}

/// How the statistic bends in the direction in which the sample tells most of it, in standard
/// errors: c_q of DiCiccio & Efron, by a difference quotient.
double curvature(const UnitSums& sums, const Statistic& statistic, const Spread& spread,
                 double estimate) {
  constexpr double kStep = 0.1;  // of a standard error
  const std::vector<double> totals = sums.totals();
  const auto n = static_cast<double>(spread.influence.size());
  const double error = std::sqrt(spread.variance);
  std::vector<double> direction(sums.columns, 0.0);  // by one standard error
  for (std::size_t u = 0; u < sums.units; ++u) {
    const double weight = spread.influence[u / sums.block] / (n * error);
    for (std::size_t c = 0; c < sums.columns; ++c) {
      direction[c] += weight * sums.by_unit[u * sums.columns + c];
    }
  }
  const auto at = [&](double steps) {
    std::vector<double> moved = totals;
    for (std::size_t c = 0; c < moved.size(); ++c) moved[c] += steps * direction[c];
    return statistic(moved);
  };
  const double second = (at(kStep) - 2.0 * estimate + at(-kStep)) / (kStep * kStep);
  return std::isfinite(second) ? second / (2.0 * error) : 0.0;
}

double skewness(const std::vector<double>& influence) {
  double squares = 0.0;
  double cubes = 0.0;
  for (const double value : influence) {
    squares += value * value;
    cubes += value * value * value;
  }
  const double a = cubes / (6.0 * std::pow(squares, 1.5));
  return std::isfinite(a) ? a : 0.0;
}

/// The inverse of Hall's cubic, of a statistic whose distance has the skewness 6·a.
double without_skew(double t, double a) {
  if (std::abs(a) < 1e-6) return t;
  return (std::cbrt(1.0 + 6.0 * a * (t - a)) - 1.0) / (2.0 * a);
}

Limits of_plain(const UnitSums& sums, const Statistic& statistic, double estimate) {
  const Spread spread = spread_of(sums, statistic, estimate);
  if (!std::isfinite(spread.variance)) return {{}, {}, "student", kOneCarriesAll};
  const double error = std::sqrt(spread.variance);
  if (!(error > 0.0)) return {estimate, estimate, "student", {}};
  const double bend = curvature(sums, statistic, spread, estimate);
  const double a = skewness(spread.influence);
  const double both = a + 0.5 * bend;
  // Half of what the centre is off: z0 = a + c_q - bias / error, of which Hall's cubic has `both`.
  const double shift = a + bend - spread.bias / error - both;
  // In small samples the skewness is itself poorly known: it may widen a side, and never narrows
  // one.
  const double t = student_quantile(0.975, spread.freedom);
  const double down = std::max(without_skew(t, both) - shift, t);
  const double up = std::max(-without_skew(-t, both) + shift, t);
  return {estimate - error * down, estimate + error * up, "student", {}};
}

}  // namespace

Limits student_limits(const UnitSums& sums, const Statistic& statistic, Scale scale) {
  if (sums.units < 2 * sums.block || sums.units < 2) return {{}, {}, "student", kNoSpread};
  const double estimate = statistic(sums.totals());
  if (!std::isfinite(estimate)) return {{}, {}, "student", kNotPositive};
  if (scale == Scale::kPlain) return of_plain(sums, statistic, estimate);
  if (!(estimate > 0.0)) return {{}, {}, "student", kNotPositive};
  const Statistic logarithm = [&statistic](std::span<const double> all) {
    return std::log(statistic(all));
  };
  Limits limits = of_plain(sums, logarithm, std::log(estimate));
  if (limits.low) limits.low = std::exp(*limits.low);
  if (limits.high) limits.high = std::exp(*limits.high);
  return limits;
}

double effective_trials(const UnitSums& sums, const Statistic& statistic, double share) {
  if (sums.units < 2 * sums.block || sums.units < 2) return 0.0;
  const Spread spread = spread_of(sums, statistic, share);
  if (!(spread.variance > 0.0) || !std::isfinite(spread.variance)) return 0.0;
  // Wilson's interval makes up for the variance of the units alone being estimated.
  const auto units = static_cast<double>(spread.influence.size());
  const double t = student_quantile(0.975, units - 1.0) / student_quantile(0.975, spread.freedom);
  return share * (1.0 - share) / spread.variance * t * t;
}

double jackknife_correlation(const UnitSums& sums, const Statistic& a, const Statistic& b) {
  if (sums.units < 2) return 0.0;
  const std::vector<double> totals = sums.totals();
  const std::vector<double> left = centred(jackknife(sums.by_unit, sums.block, totals, a));
  const std::vector<double> right = centred(jackknife(sums.by_unit, sums.block, totals, b));
  const auto product = [](const std::vector<double>& x, const std::vector<double>& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  const double correlation =
      product(left, right) / std::sqrt(product(left, left) * product(right, right));
  return std::isfinite(correlation) ? std::clamp(correlation, -1.0, 1.0) : 0.0;
}

}  // namespace ipw::metrics
