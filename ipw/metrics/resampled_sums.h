#pragma once
// Sums over bootstrap resamples of very many rows, exact and fast: a resample's sum depends only on
// how often each row is drawn, and those counts can be drawn block by block, or for all equal rows
// at once, without changing their law.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ipw/core/random.h"

namespace ipw::metrics {

/// How many of `trials` independent draws succeed with probability `p` each: Binomial(trials, p) by
/// inversion outwards from the mode, exact to the rounding of its probabilities (relative 1e-12).
/// Takes one random number and O(sqrt(trials · p · (1 - p))) steps. 0 <= p <= 1, trials >= 0.
[[nodiscard]] std::int64_t binomial_draw(core::Random& random, std::int64_t trials, double p);

/// How rows were drawn.
enum class Draws {
  kEqualRows,  // multinomial counts of groups of equal rows: O(groups) a resample
  kBlocks,     // multinomial counts of blocks of rows that fit the cache, draws within each
};

struct ResampledSums {
  std::vector<double> sums;  // resamples × columns, row by row
  Draws draws = Draws::kBlocks;
};

/// Draws `draws` of the rows with replacement, equal chances, and adds their columns up;
/// `resamples` times. `rows` holds rows × columns, row by row. Exact: the counts follow the
/// multinomial law however they are drawn. The same seed gives the same sums; resamples are
/// independent. Rows with fewer than 1,024 distinct values are grouped. O(resamples × draws) at
/// about a nanosecond, or O(rows + resamples × groups); memory: the result and, of grouped rows,
/// the groups.
[[nodiscard]] ResampledSums resampled_sums(std::span<const double> rows, std::size_t columns,
                                           std::int64_t draws, std::uint64_t seed, int resamples);

}  // namespace ipw::metrics
