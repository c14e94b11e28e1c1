// The resampling loop: draw a weight for each unit, add the rows up by these weights, evaluate all
// statistics on the sums.
#include "ipw/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "ipw/core/random.h"
#include "ipw/metrics/distribution.h"
#include "ipw/metrics/resampled_sums.h"

namespace ipw::metrics {
namespace {

constexpr std::size_t kManyUnits = 8192;  // above, one pass per resample leaves the cache

constexpr const char* kNoSpread = "one observation has no spread";

/// Each resample owns a generator, so that no order of computing changes a number.
core::Random generator(std::uint64_t seed, std::uint64_t resample) {
  return core::Random(core::Random(seed + resample * 0x9e3779b97f4a7c15ULL).next());
}

/// How often each of `weights.size()` things is drawn, scaled to a mean of 1.
void draw_weights(core::Random& random, std::size_t block, std::vector<double>& weights) {
  const std::size_t n = weights.size();
  std::ranges::fill(weights, 0.0);
  if (block <= 1) {
    const std::size_t draws = std::max<std::size_t>(n - 1, 1);
    const double each = static_cast<double>(n) / static_cast<double>(draws);
    for (std::size_t i = 0; i < draws; ++i) weights[random.below(n)] += each;
    return;
  }
  const std::size_t blocks = std::max<std::size_t>((n + block / 2) / block, 2);
  const double each = static_cast<double>(n) / static_cast<double>((blocks - 1) * block);
  for (std::size_t i = 0; i + 1 < blocks; ++i) {
    const std::size_t start = random.below(n);
    for (std::size_t j = 0; j < block; ++j) weights[(start + j) % n] += each;
  }
}

void add_rows(std::span<const double> rows, std::span<const double> weights, double shift,
              std::span<double> sums) {
  const std::size_t columns = sums.size();
  for (std::size_t row = 0; row < weights.size(); ++row) {
    const double weight = weights[row] + shift;
    if (weight == 0.0) continue;
    const double* values = rows.data() + row * columns;
    for (std::size_t column = 0; column < columns; ++column) {
      sums[column] += weight * values[column];
    }
  }
}

/// The statistic without each block of `rows` (of units, or of repeats) in turn.
std::vector<double> jackknife(std::span<const double> rows, std::size_t block, const UnitSums& sums,
                              const Statistic& statistic) {
  const std::vector<double> totals = sums.totals();
  const std::size_t step = block * sums.columns;
  std::vector<double> without;
  std::vector<double> values;
  values.reserve(rows.size() / step + 1);
  for (std::size_t first = 0; first < rows.size(); first += step) {
    without = totals;
    for (std::size_t i = first; i < std::min(first + step, rows.size()); ++i) {
      without[i % sums.columns] -= rows[i];
    }
    values.push_back(statistic(without));
  }
  return values;
}

/// The same law as draw_weights() and add_rows(), without a pass over all units for each resample.
void resample_many(const UnitSums& sums, std::span<const Statistic> statistics,
                   const BootstrapOptions& options, std::vector<std::vector<double>>& values) {
  const auto draws = static_cast<std::int64_t>(sums.units) - 1;
  const ResampledSums drawn =
      resampled_sums(sums.by_unit, sums.columns, draws, options.seed, options.resamples);
  const double each = static_cast<double>(sums.units) / static_cast<double>(draws);
  std::vector<double> row(sums.columns);
  for (std::size_t first = 0; first < drawn.sums.size(); first += sums.columns) {
    for (std::size_t c = 0; c < sums.columns; ++c) row[c] = each * drawn.sums[first + c];
    for (std::size_t s = 0; s < statistics.size(); ++s) values[s].push_back(statistics[s](row));
  }
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Skewness of the influence values: the `a` of BCa.
double acceleration(std::span<const double> left_out) {
  const double centre = mean(left_out);
  double squares = 0.0;
  double cubes = 0.0;
  for (const double value : left_out) {
    const double d = centre - value;
    squares += d * d;
    cubes += d * d * d;
  }
  const double a = cubes / (6.0 * std::pow(squares, 1.5));
  return std::isfinite(a) ? a : 0.0;
}

/// The value below which a share `p` of the ascending resamples lies.
double resample_quantile(std::span<const double> ascending, double p) {
  const double position = p * static_cast<double>(ascending.size() + 1) - 1.0;
  const double last = static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(std::clamp(std::floor(position), 0.0, last));
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  const double rest = std::clamp(position - static_cast<double>(below), 0.0, 1.0);
  return ascending[below] + rest * (ascending[above] - ascending[below]);
}

Limits bca(std::vector<double> values, double estimate, double a) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.size() < 50 || !std::isfinite(estimate)) {
    return {{}, {}, "bootstrap", "too few resamples have a value"};
  }
  std::ranges::sort(values);
  const auto [first, last] = std::equal_range(values.begin(), values.end(), estimate);
  // Ties count half, and a share of 0 or 1 would send the correction to infinity.
  const double below =
      static_cast<double>(first - values.begin()) + 0.5 * static_cast<double>(last - first);
  const double count = static_cast<double>(values.size());
  const double bias = normal_quantile(std::clamp(below / count, 1.0 / count, 1.0 - 1.0 / count));
  const auto limit = [&](double z) {
    const double shifted = bias + z;
    return resample_quantile(values, normal_cdf(bias + shifted / (1.0 - a * shifted)));
  };
  return {limit(-kZ95), limit(kZ95), "bootstrap", {}};
}

}  // namespace

UnitSums::UnitSums(std::size_t unit_count, std::size_t column_count, std::size_t repeat_count,
                   std::size_t block_length)
    : units(unit_count),
      columns(column_count),
      repeats(repeat_count),
      block(std::max<std::size_t>(block_length, 1)),
      by_unit(unit_count * column_count, 0.0),
      by_repeat(repeat_count > 1 ? repeat_count * column_count : 0, 0.0),
      by_cell(repeat_count > 1 ? unit_count * repeat_count * column_count : 0, 0.0) {}

void UnitSums::add(std::size_t unit, std::size_t repeat, std::size_t column, double value) {
  by_unit[unit * columns + column] += value;
  if (repeats == 1) return;
  by_repeat[repeat * columns + column] += value;
  by_cell[(unit * repeats + repeat) * columns + column] += value;
}

std::vector<double> UnitSums::totals() const {
  std::vector<double> sums(columns, 0.0);
  for (std::size_t row = 0; row < by_unit.size(); row += columns) {
    for (std::size_t c = 0; c < columns; ++c) sums[c] += by_unit[row + c];
  }
  return sums;
}

std::vector<std::vector<double>> resample(const UnitSums& sums,
                                          std::span<const Statistic> statistics,
                                          const BootstrapOptions& options) {
  std::vector<std::vector<double>> values(statistics.size());
  for (auto& list : values) list.reserve(static_cast<std::size_t>(options.resamples));
  if (sums.units > kManyUnits && sums.block == 1 && sums.repeats == 1) {
    resample_many(sums, statistics, options, values);
    return values;
  }
  std::vector<double> unit_weights(sums.units);
  std::vector<double> repeat_weights(sums.repeats);
  std::vector<double> drawn(sums.columns);
  for (int i = 0; i < options.resamples; ++i) {
    core::Random random = generator(options.seed, static_cast<std::uint64_t>(i));
    std::ranges::fill(drawn, 0.0);
    draw_weights(random, sums.block, unit_weights);
    add_rows(sums.by_unit, unit_weights, 0.0, drawn);
    if (sums.repeats > 1) {  // what the drawn repeats deviate from all repeats, with all units
      draw_weights(random, 1, repeat_weights);
      add_rows(sums.by_repeat, repeat_weights, -1.0, drawn);
    }
    for (std::size_t s = 0; s < statistics.size(); ++s) values[s].push_back(statistics[s](drawn));
  }
  return values;
}

std::vector<Limits> bootstrap(const UnitSums& sums, std::span<const Statistic> statistics,
                              const BootstrapOptions& options) {
  if (sums.units < 2 * sums.block || sums.units < 2) {
    return {statistics.size(), {{}, {}, "bootstrap", kNoSpread}};
  }
  std::vector<std::vector<double>> values = resample(sums, statistics, options);
  const std::vector<double> totals = sums.totals();
  std::vector<Limits> limits;
  limits.reserve(statistics.size());
  for (std::size_t s = 0; s < statistics.size(); ++s) {
    limits.push_back(bca(std::move(values[s]), statistics[s](totals),
                         acceleration(jackknife(sums.by_unit, sums.block, sums, statistics[s]))));
  }
  return limits;
}

std::vector<std::uint32_t> units_of_clusters(std::size_t clusters, std::size_t limit,
                                             std::uint64_t seed) {
  std::vector<std::uint32_t> units(clusters);
  std::iota(units.begin(), units.end(), 0U);
  if (clusters <= limit) return units;
  core::Random random(seed);
  for (std::size_t i = clusters; i > 1; --i) std::swap(units[i - 1], units[random.below(i)]);
  const auto bundles = static_cast<std::uint32_t>(std::max<std::size_t>(limit / 2, 1));
  for (std::uint32_t& unit : units) unit %= bundles;
  return units;
}

}  // namespace ipw::metrics
