#pragma once
// Intervals by resampling. Every figure of docs/metrics.md is a smooth function of a few sums over
// records, so the records are first added up by resampling unit (a question with all its repeats, a
// stretch of time, or a random bundle of questions where there are very many), and the bootstrap
// then draws units. One draw serves all figures.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "ipw/metrics/interval.h"

namespace ipw::metrics {

/// Sums by unit and, where the run was repeated, by repeat.
struct UnitSums {
  std::size_t units = 0;
  std::size_t columns = 0;
  std::size_t repeats = 1;
  std::size_t block = 1;          // units per moving block; 1: units are independent
  std::vector<double> by_unit;    // units × columns, row by row
  std::vector<double> by_repeat;  // repeats × columns; empty for one repeat
  std::vector<double> by_cell;    // units × repeats × columns; empty for one repeat

  UnitSums(std::size_t units, std::size_t columns, std::size_t repeats, std::size_t block = 1);

  void add(std::size_t unit, std::size_t repeat, std::size_t column, double value);
  [[nodiscard]] std::vector<double> totals() const;
};

/// A figure as a function of the column sums; unchanged when all sums are multiplied alike (a ratio
/// or a difference of ratios). May return NaN or infinity where it has no value.
using Statistic = std::function<double(std::span<const double> sums)>;

struct BootstrapOptions {
  std::uint64_t seed = 0;
  int resamples = 1000;
};

/// Bias-corrected accelerated limits (Efron 1987) for every statistic from one set of resamples.
/// Draws units - 1 units with replacement, which makes the variance of a mean unbiased (McCarthy &
/// Snowden 1985); adds the deviation of repeats - 1 drawn repeats; draws circular moving blocks
/// (Politis & Romano 1992) where `block` > 1. Absent limits, with reason, below two units. The
/// result depends on the seed alone. O(resamples × units × columns).
[[nodiscard]] std::vector<Limits> bootstrap(const UnitSums& sums,
                                            std::span<const Statistic> statistics,
                                            const BootstrapOptions& options);

/// The resampled values themselves, statistics × resamples, unsorted.
[[nodiscard]] std::vector<std::vector<double>> resample(const UnitSums& sums,
                                                        std::span<const Statistic> statistics,
                                                        const BootstrapOptions& options);

/// Puts `clusters` clusters into units: one each up to `limit`, else at random into limit / 2 units
/// whose sizes differ by at most one. Bundles of independent clusters are independent and their
/// sums have the same variance, so that the interval stays what it was (random groups, Wolter 2007,
/// ch. 2). Returns the unit of each cluster.
[[nodiscard]] std::vector<std::uint32_t> units_of_clusters(std::size_t clusters, std::size_t limit,
                                                           std::uint64_t seed);

}  // namespace ipw::metrics
