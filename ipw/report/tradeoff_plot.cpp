// Accuracy against what it costs. With several runs the efficient frontier; with one its tasks.
#include <algorithm>
#include <map>

#include "ipw/report/run_plot_parts.h"

namespace ipw::report {
namespace {

constexpr std::size_t kMostNamedTasks = 8;
constexpr double kLogFrom = 30.0;  // the span of costs from which the axis is logarithmic

std::optional<PlotPoint> point_of(const std::vector<metrics::NamedFigure>& figures,
                                  const std::string& cost) {
  const record::Figure* accuracy = figure_of(figures, "accuracy");
  const record::Figure* spent = figure_of(figures, cost);
  if (accuracy == nullptr || spent == nullptr) return std::nullopt;
  return PlotPoint{.x = *spent->value,
                   .y = *accuracy->value,
                   .x_low = spent->low,
                   .x_high = spent->high,
                   .y_low = accuracy->low,
                   .y_high = accuracy->high};
}

PlotSeries tasks_of(const RunReport& report, const std::string& cost) {
  PlotSeries tasks{.name = "its tasks", .muted = true};
  for (const TaskReport& task : report.tasks) {
    std::optional<PlotPoint> point = point_of(task.figures, cost);
    if (!point) continue;
    if (report.tasks.size() <= kMostNamedTasks) {
      point->label = task.task.empty() ? "(no task)" : task.task;
    }
    tasks.points.push_back(std::move(*point));
    tasks.provenance = figure_of(task.figures, cost)->provenance;
  }
  return tasks;
}

// A staircase through those that no other is better and cheaper than.
PlotSeries frontier_of(std::vector<PlotPoint> points) {
  PlotSeries line{.mark = PlotMark::kLine, .muted = true, .dashed = true};
  std::ranges::sort(points, [](const PlotPoint& a, const PlotPoint& b) {
    return a.x != b.x ? a.x < b.x : a.y > b.y;
  });
  for (const PlotPoint& point : points) {
    if (!line.points.empty()) {
      if (point.y <= line.points.back().y) continue;
      line.points.push_back({.x = point.x, .y = line.points.back().y});
    }
    line.points.push_back({.x = point.x, .y = point.y});
  }
  return line;
}

bool wide(const Plot& plot) {
  double low = 0.0;
  double high = 0.0;
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& point : series.points) {
      const double least = point.x_low && *point.x_low > 0.0 ? *point.x_low : point.x;
      if (least <= 0.0) return false;
      low = low == 0.0 ? least : std::min(low, least);
      high = std::max(high, point.x_high.value_or(point.x));
    }
  }
  return low > 0.0 && high / low > kLogFrom;
}

}  // namespace

Plots tradeoff_plots(const RunSet& runs, const std::string& cost, const std::string& title,
                     const std::string& axis) {
  const EnergyName energy = energy_name(runs, cost);
  Plot plot{.title = title,
            .x = {.label = axis + (energy.above_idle ? " above idle" : ""),
                  .unit = cost == "watts" ? "W" : "J",
                  .from_zero = true},
            .y = {.label = "accuracy", .low = 0.0, .high = 1.0}};
  std::map<std::string, std::vector<PlotPoint>> comparable;
  std::vector<std::string> without;
  for (std::size_t i = 0; i < runs.reports.size(); ++i) {
    const RunReport& report = runs.reports[i];
    std::optional<PlotPoint> point = point_of(report.figures, energy.name);
    if (!point) {
      without.push_back(runs.labels[i]);
      continue;
    }
    const record::Provenance& source = figure_of(report.figures, energy.name)->provenance;
    comparable[report.manifest.questions.digest + record::name(source.source) + source.method]
        .push_back(*point);
    if (runs.several()) point->label = runs.labels[i];
    plot.series.push_back(
        {.name = runs.labels[i], .points = {*point}, .provenance = source, .colour = i});
    if (!runs.several()) plot.series.insert(plot.series.begin(), tasks_of(report, energy.name));
  }
  if (without.size() == runs.reports.size()) {
    const record::Figure* figure = metrics::find(runs.reports.front().figures, energy.name);
    return nothing_to_draw("accuracy against " + axis, figure != nullptr ? figure->reason : "");
  }
  std::erase_if(plot.series, [](const PlotSeries& series) { return series.points.empty(); });
  plot.x.log = wide(plot);
  bool frontier = false;
  for (auto& [group, points] : comparable) {
    if (points.size() < 2) continue;
    plot.series.insert(plot.series.begin(), frontier_of(std::move(points)));
    frontier = true;
  }
  std::string note = "Crosses are 95 % intervals; hollow signs are not measured.";
  if (frontier) {
    note += " Dashed: the efficient frontier of runs with the same questions and source.";
  } else if (runs.several()) {
    note += " No two runs share questions and source, so that no frontier is drawn.";
  }
  plot.notes = {note};
  note_missing(plot, without);
  return std::vector<Plot>{std::move(plot)};
}

}  // namespace ipw::report
