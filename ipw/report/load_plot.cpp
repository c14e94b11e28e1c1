// A sweep as a picture: latencies against the load, and below it what came back.
#include <array>

#include "ipw/report/load_sweep.h"
#include "ipw/report/run_plot_parts.h"

namespace ipw::report {
namespace {

record::Provenance by_clock() { return {record::Source::kMeasured, "clock"}; }

struct Percentile {
  const char* name;
  const char* figure;
};

PlotSeries latency_series(const RunSet& runs, const LoadSweep& sweep, const Percentile& percentile,
                          std::size_t colour) {
  PlotSeries series{.name = percentile.name, .provenance = by_clock(), .colour = colour};
  for (std::size_t i = 0; i < sweep.runs.size(); ++i) {
    const auto* figure = figure_of(runs.reports[sweep.runs[i]].figures, percentile.figure);
    if (figure == nullptr) continue;
    series.points.push_back(
        {.x = sweep.loads[i], .y = *figure->value, .y_low = figure->low, .y_high = figure->high});
  }
  return series;
}

PlotSeries joined(const PlotSeries& points) {
  PlotSeries line{.mark = PlotMark::kLine, .colour = points.colour};
  for (const PlotPoint& point : points.points) line.points.push_back({.x = point.x, .y = point.y});
  return line;
}

void add_knee(Plot& plot, const LoadSweep& sweep) {
  if (!sweep.knee) return;
  plot.rules.push_back({.at = sweep.loads[sweep.knee->point], .upright = true, .label = "knee"});
}

// Runs that are no sweep: each where its load is, joined by nothing.
Plots single_loads(const RunSet& runs, const std::string& why) {
  const bool of_rate = runs.reports.front().manifest.load.rate.has_value();
  Plot plot{.title = "Latency at each load",
            .x = {.label = of_rate ? "offered requests per second" : "requests in flight",
                  .from_zero = true},
            .y = {.label = "latency from the schedule", .unit = "s", .log = true}};
  std::vector<std::string> without;
  for (std::size_t i = 0; i < runs.reports.size(); ++i) {
    const RunReport& report = runs.reports[i];
    PlotSeries series{.name = runs.labels[i], .provenance = by_clock(), .colour = i};
    for (const char* name : {"latency_p50", "latency_p90", "latency_p99"}) {
      const auto* figure = figure_of(report.figures, name);
      if (figure == nullptr || report.manifest.load.rate.has_value() != of_rate) continue;
      series.points.push_back({.x = load_of(report.manifest, of_rate),
                               .y = *figure->value,
                               .y_low = figure->low,
                               .y_high = figure->high});
    }
    if (series.points.empty()) {
      without.push_back(runs.labels[i]);
    } else {
      plot.series.push_back(std::move(series));
    }
  }
  if (plot.series.empty()) return nothing_to_draw("latency against load", "nothing was timed");
  plot.notes = {"p50, p90 and p99 of each run, with 95 % intervals.", "No knee: " + why + "."};
  note_missing(plot, without);
  return std::vector<Plot>{std::move(plot)};
}

}  // namespace

Plots load_plots(const RunSet& runs) {
  const core::Result<LoadSweep> found = load_sweep(runs.reports);
  if (!found) return single_loads(runs, found.error().message);
  const LoadSweep& sweep = *found;
  const PlotAxis load{.label = sweep.of_rate ? "offered requests per second" : "requests in flight",
                      .log = sweep.loads.back() > 8.0 * sweep.loads.front(),
                      .from_zero = true};
  Plot latency{.title = sweep.of_rate ? "Latency against rate" : "Latency against concurrency",
               .x = load,
               .y = {.label = "latency from the schedule", .unit = "s", .log = true}};
  static constexpr std::array kPercentiles{Percentile{"p50", "latency_p50"},
                                           Percentile{"p90", "latency_p90"},
                                           Percentile{"p99", "latency_p99"}};
  for (std::size_t i = 0; i < kPercentiles.size(); ++i) {
    PlotSeries series = latency_series(runs, sweep, kPercentiles[i], i);
    latency.series.push_back(joined(series));
    latency.series.push_back(std::move(series));
  }
  add_knee(latency, sweep);
  Plot answered{.title = sweep.of_rate ? "Answers against rate" : "Answers against concurrency",
                .x = load,
                .y = {.label = "answers per second", .log = load.log, .from_zero = true}};
  PlotSeries rate{.name = "answered", .provenance = by_clock(), .colour = 0};
  for (std::size_t i = 0; i < sweep.runs.size(); ++i) {
    const auto& summary = runs.reports[sweep.runs[i]].load;
    if (summary) rate.points.push_back({.x = sweep.loads[i], .y = summary->completed});
  }
  if (sweep.of_rate) {
    answered.series.push_back({.mark = PlotMark::kLine,
                               .points = {{.x = sweep.loads.front(), .y = sweep.loads.front()},
                                          {.x = sweep.loads.back(), .y = sweep.loads.back()}},
                               .muted = true,
                               .dashed = true});
    answered.notes = {"Dashed: as many answers as were asked for."};
  }
  answered.series.push_back(joined(rate));
  answered.series.push_back(std::move(rate));
  add_knee(answered, sweep);
  latency.notes = {"Bars are 95 % intervals.", "Knee: " + knee_text(sweep) + "."};
  return std::vector<Plot>{std::move(latency), std::move(answered)};
}

}  // namespace ipw::report
