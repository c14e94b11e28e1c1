// See steady_state.h.
#include "ipw/metrics/steady_state.h"

#include <cmath>
#include <cstdio>
#include <vector>

#include "ipw/metrics/line_fit.h"

namespace ipw::metrics {
namespace {

constexpr std::size_t kFewest = 100;
constexpr std::size_t kNeighbours = 5;
constexpr std::size_t kBatches = 20;
constexpr double kDrift = 0.1;

struct Finite {
  std::vector<double> values;
  std::vector<std::size_t> at;  // where each stands among all
};

Finite finite(std::span<const float> values) {
  Finite found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    found.values.push_back(static_cast<double>(values[i]));
    found.at.push_back(i);
  }
  return found;
}

double mean_of(const std::vector<double>& values, std::size_t from, std::size_t to) {
  double sum = 0.0;
  for (std::size_t i = from; i < to; ++i) sum += values[i];
  return sum / static_cast<double>(to - from);
}

// How many means of the beginning to cut off: from the back, with running sums about the last mean,
// which do not cancel as plain sums of squares do. Of equal ones the shortest cut.
std::size_t best_cut(const std::vector<double>& means) {
  const std::size_t most = means.size() / 2;
  double mean = 0.0;
  double squares = 0.0;
  double n = 0.0;
  double least = 0.0;
  std::size_t best = most;
  for (std::size_t cut = means.size(); cut-- > 0;) {
    n += 1.0;
    const double step = means[cut] - mean;
    mean += step / n;
    squares += step * (means[cut] - mean);
    const double error = squares / (n * n);
    if (cut == most || (cut < most && error <= least)) {
      least = error;
      best = cut;
    }
  }
  return best;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", 100.0 * share);
  return text;
}

}  // namespace

SteadyState steady_state(std::span<const float> values) {
  const Finite found = finite(values);
  if (found.values.size() < kFewest) return {{}, "fewer than 100 requests are too few to tell"};
  std::vector<double> means;
  for (std::size_t i = 0; i + kNeighbours <= found.values.size(); i += kNeighbours) {
    means.push_back(mean_of(found.values, i, i + kNeighbours));
  }
  const std::size_t cut = best_cut(means);
  if (cut == means.size() / 2) {
    return {{}, "latencies had not settled by half of the run (MSER-5)"};
  }
  const std::size_t from = cut * kNeighbours;
  const std::size_t length = found.values.size() - from;
  LineFit fit;
  for (std::size_t b = 0; b < kBatches; ++b) {
    const double mean =
        mean_of(found.values, from + b * length / kBatches, from + (b + 1) * length / kBatches);
    fit.add((static_cast<double>(b) + 0.5) / kBatches, mean);
  }
  const Line line = *fit.line();
  const double level = mean_of(found.values, from, found.values.size());
  const bool sure = line.slope_low && (*line.slope_low > 0.0 || *line.slope_high < 0.0);
  if (sure && std::abs(line.slope) > kDrift * level) {
    return {{},
            std::string("latencies kept ") + (line.slope > 0.0 ? "rising" : "falling") + ", by " +
                percent(std::abs(line.slope) / level) + " of their mean over the run"};
  }
  return {found.at[from], {}};
}

}  // namespace ipw::metrics
