// How long answers took: the cumulative share of answers over a logarithmic axis of seconds, which
// shows every percentile at once and lets runs be laid over each other, with the intervals of the
// percentiles that the report names.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ipw/report/run_plot_parts.h"

namespace ipw::report {
namespace {

constexpr std::size_t kMostPoints = 400;

struct Percentile {
  const char* name;
  double share;
};
constexpr std::array kPercentiles{Percentile{"p50", .5}, Percentile{"p90", .9},
                                  Percentile{"p95", .95}, Percentile{"p99", .99}};

PlotSeries percentiles_of(const RunReport& report, const std::string& name, std::size_t colour) {
  PlotSeries series{.colour = colour};
  for (const Percentile& percentile : kPercentiles) {
    const record::Figure* figure =
        figure_of(report.figures, fmt::format("{}_{}", name, percentile.name));
    if (figure == nullptr) continue;
    series.points.push_back(
        {.x = *figure->value, .y = percentile.share, .x_low = figure->low, .x_high = figure->high});
  }
  return series;
}

}  // namespace

TimeCurve time_curve(std::span<const float> seconds) {
  std::vector<float> times;
  for (const float time : seconds) {
    if (std::isfinite(time)) times.push_back(time);
  }
  TimeCurve curve{.without = static_cast<std::int64_t>(seconds.size() - times.size())};
  std::ranges::sort(times);
  const std::size_t n = times.size();
  const std::size_t steps = std::min(n, kMostPoints);
  for (std::size_t k = 1; k <= steps; ++k) {
    const std::size_t rank = k * n / steps;  // ends with n
    curve.points.push_back({.x = static_cast<double>(times[rank - 1]),
                            .y = static_cast<double>(rank) / static_cast<double>(n)});
  }
  if (n > 0) {
    curve.points.insert(curve.points.begin(), PlotPoint{.x = static_cast<double>(times[0])});
  }
  return curve;
}

Plots time_plots(const RunSet& runs, const std::string& name, const std::string& title) {
  Plot plot{.title = title,
            .x = {.label = "seconds, logarithmic", .unit = "s", .log = true},
            .y = {.label = "answers by then", .unit = "%", .low = 0.0, .high = 1.0}};
  std::vector<std::string> without;
  for (std::size_t i = 0; i < runs.reports.size(); ++i) {
    const TimeCurve& curve = runs.details[i].times;
    if (curve.points.empty()) {
      without.push_back(runs.labels[i]);
      continue;
    }
    const auto n = runs.reports[i].records - curve.without;
    plot.series.push_back({.name = fmt::format("{}, n = {}", runs.labels[i], n),
                           .mark = PlotMark::kSteps,
                           .points = curve.points,
                           .provenance = record::Provenance{record::Source::kMeasured, "clock"},
                           .colour = i});
    plot.series.push_back(percentiles_of(runs.reports[i], name, i));
    if (curve.without > 0) {
      plot.notes.push_back(fmt::format("{}: {} of {} records have no such time.", runs.labels[i],
                                       curve.without, runs.reports[i].records));
    }
  }
  if (plot.series.empty()) {
    return nothing_to_draw(name, "no answer has this time, because nothing came back");
  }
  plot.notes.insert(plot.notes.begin(), "Signs: p50, p90, p95 and p99 with 95 % intervals.");
  note_missing(plot, without);
  return std::vector<Plot>{std::move(plot)};
}

}  // namespace ipw::report
