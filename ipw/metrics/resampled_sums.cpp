// Blocks stand in the outer loop and resamples in the inner one, so that a block stays in the
// first-level cache while all resamples draw from it.
#include "ipw/metrics/resampled_sums.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

namespace ipw::metrics {
namespace {

constexpr unsigned kIndexBits = 11;
constexpr std::size_t kBlock = std::size_t{1} << kIndexBits;  // 32 KiB of two columns
constexpr unsigned kIndicesPerNumber = 64 / kIndexBits;
constexpr std::size_t kMostGroups = 1024;

/// ln n!: Stirling's series, error below 1e-13 from n = 16 on (NIST DLMF 5.11.1); a table below.
double log_factorial(double n) {
  static const std::array<double, 16> small = [] {
    std::array<double, 16> table{};
    for (std::size_t i = 2; i < table.size(); ++i) {
      table[i] = table[i - 1] + std::log(static_cast<double>(i));
    }
    return table;
  }();
  if (n < 16.0) return small[static_cast<std::size_t>(n)];
  constexpr double kHalfLog2Pi = 0.91893853320467274178;
  const double inverse = 1.0 / n;
  const double square = inverse * inverse;
  const double series =
      inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)));
  return (n + 0.5) * std::log(n) - n + kHalfLog2Pi + series;
}

/// A generator of its own for each resample and part, so that no order of computing changes a sum.
core::Random generator(std::uint64_t seed, std::uint64_t resample, std::uint64_t part) {
  const std::uint64_t own = core::Random(seed + resample * 0x9e3779b97f4a7c15ULL).next();
  return core::Random(core::Random(own + part * 0xd1342543de82ef95ULL).next());
}

/// Draws from a whole block: several indices from one random number. Columns > 0: known to the
/// compiler.
template <std::size_t Columns>
void draw_block(const double* rows, std::size_t columns, std::int64_t draws, core::Random& random,
                double* sums) {
  const std::size_t width = Columns > 0 ? Columns : columns;
  constexpr std::uint64_t kMask = kBlock - 1;
  while (draws > 0) {
    std::uint64_t bits = random.next();
    const auto taken = std::min<std::int64_t>(draws, kIndicesPerNumber);
    for (std::int64_t i = 0; i < taken; ++i, bits >>= kIndexBits) {
      const double* row = rows + (bits & kMask) * width;
      for (std::size_t c = 0; c < width; ++c) sums[c] += row[c];
    }
    draws -= taken;
  }
}

/// The same with as many accumulators as there are indices in a number, so that no addition waits
/// for the one before.
template <std::size_t Columns>
void draw_block_fast(const double* rows, std::int64_t draws, core::Random& random, double* sums) {
  constexpr std::uint64_t kMask = kBlock - 1;
  std::array<std::array<double, Columns>, kIndicesPerNumber> parts{};
  const std::int64_t rounds = draws / kIndicesPerNumber;
  for (std::int64_t round = 0; round < rounds; ++round) {
    const std::uint64_t bits = random.next();
    for (unsigned i = 0; i < kIndicesPerNumber; ++i) {
      const double* row = rows + ((bits >> (i * kIndexBits)) & kMask) * Columns;
      for (std::size_t c = 0; c < Columns; ++c) parts[i][c] += row[c];
    }
  }
  for (const auto& part : parts) {
    for (std::size_t c = 0; c < Columns; ++c) sums[c] += part[c];
  }
  draw_block<Columns>(rows, Columns, draws - rounds * kIndicesPerNumber, random, sums);
}

/// The last block may be of any size.
void draw_rest(const double* rows, std::size_t size, std::size_t columns, std::int64_t draws,
               core::Random& random, double* sums) {
  for (; draws > 0; --draws) {
    const double* row = rows + random.below(size) * columns;
    for (std::size_t c = 0; c < columns; ++c) sums[c] += row[c];
  }
}

void draw(const double* rows, std::size_t size, std::size_t columns, std::int64_t draws,
          core::Random& random, double* sums) {
  if (size != kBlock) return draw_rest(rows, size, columns, draws, random, sums);
  switch (columns) {
    case 1: return draw_block_fast<1>(rows, draws, random, sums);
    case 2: return draw_block_fast<2>(rows, draws, random, sums);
    case 4: return draw_block_fast<4>(rows, draws, random, sums);
    default: return draw_block<0>(rows, columns, draws, random, sums);
  }
}

/// Parts one after another: how many of the draws that are left fall into the next one.
class Splitter {
 public:
  Splitter(std::int64_t draws, std::size_t rows, int resamples)
      : left_(static_cast<std::size_t>(resamples), draws), rows_(rows) {}

  /// Of resample `r`, in the part of `size` rows that begins at `first`. Parts must come in order.
  std::int64_t take(std::size_t r, std::size_t first, std::size_t size, core::Random& random) {
    const double chance = static_cast<double>(size) / static_cast<double>(rows_ - first);
    const std::int64_t taken =
        first + size == rows_ ? left_[r] : binomial_draw(random, left_[r], chance);
    left_[r] -= taken;
    return taken;
  }

 private:
  std::vector<std::int64_t> left_;
  std::size_t rows_;
};

struct Group {
  std::vector<double> row;
  std::size_t size = 0;
};

/// The groups of equal rows, or nothing where there are too many.
std::optional<std::vector<Group>> groups_of(std::span<const double> rows, std::size_t columns) {
  std::map<std::vector<double>, std::size_t> sizes;
  std::vector<double> row(columns);
  for (std::size_t first = 0; first < rows.size(); first += columns) {
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(first), columns, row.begin());
    ++sizes[row];
    if (sizes.size() > kMostGroups) return std::nullopt;
  }
  std::vector<Group> groups;
  groups.reserve(sizes.size());
  for (const auto& [values, size] : sizes) groups.push_back({values, size});
  return groups;
}

}  // namespace

std::int64_t binomial_draw(core::Random& random, std::int64_t trials, double p) {
  double left = random.unit();
  if (trials <= 0 || p <= 0.0) return 0;
  if (p >= 1.0) return trials;
  const double n = static_cast<double>(trials);
  const double mode = std::min(n, std::floor((n + 1.0) * p));
  const double odds = p / (1.0 - p);
  const double at_mode = std::exp(log_factorial(n) - log_factorial(mode) - log_factorial(n - mode) +
                                  mode * std::log(p) + (n - mode) * std::log1p(-p));
  left -= at_mode;
  double up = mode;
  double down = mode;
  double at_up = at_mode;
  double at_down = at_mode;
  while (left >= 0.0 && (at_up > 0.0 || at_down > 0.0)) {
    at_up *= up < n ? (n - up) / (up + 1.0) * odds : 0.0;
    up += 1.0;
    left -= at_up;
    if (left < 0.0) return static_cast<std::int64_t>(up);
    at_down *= down > 0.0 ? down / ((n - down + 1.0) * odds) : 0.0;
    down -= 1.0;
    left -= at_down;
    if (left < 0.0) return static_cast<std::int64_t>(down);
  }
  return static_cast<std::int64_t>(mode);
}

ResampledSums resampled_sums(std::span<const double> rows, std::size_t columns, std::int64_t draws,
                             std::uint64_t seed, int resamples) {
  const std::size_t n = columns == 0 ? 0 : rows.size() / columns;
  const auto count = static_cast<std::size_t>(std::max(resamples, 0));
  ResampledSums result{std::vector<double>(count * columns, 0.0), Draws::kBlocks};
  if (n == 0) return result;
  Splitter splitter(draws, n, resamples);
  if (const auto groups = groups_of(rows, columns)) {
    result.draws = Draws::kEqualRows;
    std::size_t first = 0;
    for (std::size_t g = 0; g < groups->size(); ++g) {
      const Group& group = (*groups)[g];
      for (std::size_t r = 0; r < count; ++r) {
        core::Random random = generator(seed, r, g);
        const auto times = static_cast<double>(splitter.take(r, first, group.size, random));
        for (std::size_t c = 0; c < columns; ++c) {
          result.sums[r * columns + c] += times * group.row[c];
        }
      }
      first += group.size;
    }
    return result;
  }
  for (std::size_t first = 0; first < n; first += kBlock) {
    const std::size_t size = std::min(kBlock, n - first);
    for (std::size_t r = 0; r < count; ++r) {
      core::Random random = generator(seed, r, first / kBlock);
      const std::int64_t taken = splitter.take(r, first, size, random);
      draw(rows.data() + first * columns, size, columns, taken, random,
           result.sums.data() + r * columns);
    }
  }
  return result;
}

}  // namespace ipw::metrics
