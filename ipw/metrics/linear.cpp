#include "ipw/metrics/linear.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "ipw/metrics/distribution.h"

namespace ipw::metrics {
namespace {

double factorial(std::size_t n) { return std::tgamma(static_cast<double>(n) + 1.0); }

double mean_of(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double variance(const Estimate& estimate) {
  const double error = (estimate.high - estimate.low) / (2.0 * kZ95);
  return error * error;
}

}  // namespace

double linear(std::span<const double> weights, std::span<const Estimate> estimates) {
  double sum = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] != 0.0) sum += weights[i] * estimates[i].value;
  }
  return sum;
}

Limits mover_linear(std::span<const double> weights, std::span<const Estimate> estimates,
                    std::span<const double> correlation) {
  const std::size_t n = weights.size();
  std::vector<double> down(n, 0.0);  // what each estimate adds, with its sign, towards the limit
  std::vector<double> up(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    if (weights[i] == 0.0) continue;
    const double below = estimates[i].value - estimates[i].low;
    const double above = estimates[i].high - estimates[i].value;
    down[i] = weights[i] * (weights[i] > 0.0 ? below : above);
    up[i] = weights[i] * (weights[i] > 0.0 ? above : below);
  }
  const auto together = [&](std::size_t i, std::size_t j) {
    return correlation.empty() ? 0.0 : correlation[i * n + j];
  };
  double below = 0.0;
  double above = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const double r = i == j ? 1.0 : together(i, j);
      below += r * down[i] * down[j];
      above += r * up[i] * up[j];
    }
  }
  const double value = linear(weights, estimates);
  return {value - std::sqrt(std::max(below, 0.0)), value + std::sqrt(std::max(above, 0.0)), "mover",
          ""};
}

Limits fieller(std::span<const double> a, std::span<const double> b,
               std::span<const Estimate> estimates) {
  const double top = linear(a, estimates);
  const double bottom = linear(b, estimates);
  double var_top = 0.0;
  double var_bottom = 0.0;
  double covariance = 0.0;
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    const double v = variance(estimates[i]);
    var_top += a[i] * a[i] * v;
    var_bottom += b[i] * b[i] * v;
    covariance += a[i] * b[i] * v;
  }
  const double z2 = kZ95 * kZ95;
  const double lead = bottom * bottom - z2 * var_bottom;
  if (!(lead > 0.0)) return {{}, {}, "fieller", "the whole cannot be told from zero"};
  const double middle = top * bottom - z2 * covariance;
  const double rest = top * top - z2 * var_top;
  const double root = std::sqrt(std::max(middle * middle - lead * rest, 0.0));
  return {(middle - root) / lead, (middle + root) / lead, "fieller", ""};
}

std::vector<double> shapley_weights(std::size_t players, std::size_t player) {
  std::vector<double> weights(std::size_t{1} << players, 0.0);
  const std::size_t own = std::size_t{1} << player;
  for (std::size_t others = 0; others < weights.size(); ++others) {
    if ((others & own) != 0) continue;
    const auto size = static_cast<std::size_t>(std::popcount(others));
    const double weight = factorial(size) * factorial(players - size - 1) / factorial(players);
    weights[others | own] += weight;
    weights[others] -= weight;
  }
  return weights;
}

std::vector<double> interaction_weights(std::size_t players, std::size_t a, std::size_t b) {
  std::vector<double> weights(std::size_t{1} << players, 0.0);
  const std::size_t with_a = std::size_t{1} << a;
  const std::size_t with_b = std::size_t{1} << b;
  for (std::size_t others = 0; others < weights.size(); ++others) {
    if ((others & (with_a | with_b)) != 0) continue;
    const auto size = static_cast<std::size_t>(std::popcount(others));
    const double weight = factorial(size) * factorial(players - size - 2) / factorial(players - 1);
    weights[others | with_a | with_b] += weight;
    weights[others] += weight;
    weights[others | with_a] -= weight;
    weights[others | with_b] -= weight;
  }
  return weights;
}

std::vector<double> slope_weights(std::span<const double> times) {
  if (times.empty()) return {};
  const double middle = mean_of(times);
  double spread = 0.0;
  for (const double time : times) spread += (time - middle) * (time - middle);
  if (!(spread > 0.0)) return {};
  std::vector<double> weights;
  weights.reserve(times.size());
  for (const double time : times) weights.push_back((time - middle) / spread);
  return weights;
}

}  // namespace ipw::metrics
