// A sweep as a picture: latencies against the load, and below it what came back.
#include <array>

#include "ipw/report/load_sweep.h"
#include "ipw/report/run_plot_parts.h"

namespace ipw::report {
namespace {

const record::Provenance kClock{record::Source::kMeasured, "clock"};

struct Percentile {
  const char* name;
  const char* figure;
};

PlotSeries latency_series(const RunSet& runs, const LoadSweep& sweep, const Percentile& percentile,
                          std::size_t colour) {
  PlotSeries series{.name = percentile.name, .provenance = kClock, .colour = colour};
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

}  // namespace

Plots load_plots(const RunSet& runs) {
  IPW_TRY(const LoadSweep sweep, load_sweep(runs.reports));
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
                .y = {.label = "answers per second", .from_zero = true}};
  PlotSeries rate{.name = "answered", .provenance = kClock, .colour = 0};
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
