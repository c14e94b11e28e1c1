// See token_scatter.h.
#include "ipw/report/token_scatter.h"

#include <algorithm>
#include <cmath>

#include "ipw/metrics/energy_view.h"

namespace ipw::report {
namespace {

TokenJoules points_of(const metrics::Sample& sample, const metrics::EnergyView& view) {
  TokenJoules points;
  for (std::size_t i = 0; i < sample.output_tokens.size(); ++i) {
    const double joules = view.idle_known ? view.total(i) : view.active(i);
    if (!std::isfinite(joules) || !std::isfinite(sample.output_tokens[i])) continue;
    points.tokens.push_back(sample.output_tokens[i]);
    points.joules.push_back(static_cast<float>(joules));
  }
  return points;
}

// The value that a share p of `values` does not exceed, p rounded away from the middle: of few
// values the outermost.
double quantile_of(std::vector<float> values, double p) {
  const double place = p * static_cast<double>(values.size() - 1);
  const auto rank = static_cast<std::size_t>(p > .5 ? std::ceil(place) : std::floor(place));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::ranges::nth_element(values, at);
  return *at;
}

// A little room above the largest, and never an empty range.
double rounded_up(double high) { return high > 0.0 ? high * 1.02 : 1.0; }

void fill_grid(TokenScatter& scatter, const TokenJoules& points) {
  scatter.tokens_high = rounded_up(quantile_of(points.tokens, .999));
  scatter.joules_high = rounded_up(quantile_of(points.joules, .999));
  scatter.joules_low = std::min(0.0, quantile_of(points.joules, .001) * 1.02);
  scatter.cells.assign(TokenScatter::kColumns * TokenScatter::kRows, 0);
  const double height = scatter.joules_high - scatter.joules_low;
  for (std::size_t i = 0; i < points.tokens.size(); ++i) {
    const double x = points.tokens[i] / scatter.tokens_high * TokenScatter::kColumns;
    const double y = (points.joules[i] - scatter.joules_low) / height * TokenScatter::kRows;
    if (x < 0.0 || x >= TokenScatter::kColumns || y < 0.0 || y >= TokenScatter::kRows) {
      ++scatter.outside;
      continue;
    }
    ++scatter.cells[static_cast<std::size_t>(y) * TokenScatter::kColumns +
                    static_cast<std::size_t>(x)];
  }
}

}  // namespace

TokenJoules token_joules(const metrics::Sample& sample) {
  const std::vector<metrics::EnergyView> views = metrics::energy_views(sample.energy);
  return views.empty() ? TokenJoules() : points_of(sample, views.back());
}

std::optional<TokenScatter> token_scatter(const metrics::Sample& sample) {
  const std::vector<metrics::EnergyView> views = metrics::energy_views(sample.energy);
  if (views.empty()) return std::nullopt;
  const metrics::EnergyView& view = views.back();  // of several sources the sum
  TokenScatter scatter{.basis = {view.provenance, !view.idle_known}};
  const TokenJoules points = points_of(sample, view);
  scatter.n = static_cast<std::int64_t>(points.tokens.size());
  if (points.tokens.empty()) return scatter;
  fill_grid(scatter, points);
  metrics::LineFit fit;
  for (std::size_t i = 0; i < points.tokens.size(); ++i) {
    fit.add(points.tokens[i], points.joules[i]);
  }
  scatter.line = fit.line();
  return scatter;
}

}  // namespace ipw::report
