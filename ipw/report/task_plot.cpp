// Task by task, with intervals: bars of one run, signs of several beside each other.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <ranges>
#include <tuple>
#include <utility>

#include "ipw/report/run_plot_parts.h"

namespace ipw::report {
namespace {

constexpr std::size_t kMostTasks = 40;

struct Task {
  std::string name;
  std::int64_t records = 0;
  double best = -1.0;  // accuracy of the best run
};

// The largest tasks, those that are answered best first.
std::vector<Task> tasks_of(const RunSet& runs, std::size_t& left_out) {
  std::map<std::string, Task> found;
  for (const RunReport& report : runs.reports) {
    for (const TaskReport& task : report.tasks) {
      Task& entry = found[task.task];
      entry.name = task.task;
      const record::Figure* accuracy = metrics::find(task.figures, "accuracy");
      if (accuracy == nullptr) continue;
      entry.records += accuracy->n;
      entry.best = std::max(entry.best, accuracy->value.value_or(-1.0));
    }
  }
  std::vector<Task> tasks;
  for (Task& task : std::views::values(found)) tasks.push_back(std::move(task));
  const auto by_records = [](const Task& task) {
    return std::tuple<std::int64_t, const std::string&>(-task.records, task.name);
  };
  std::ranges::sort(tasks, {}, by_records);
  left_out = tasks.size() - std::min(tasks.size(), kMostTasks);
  tasks.resize(tasks.size() - left_out);
  std::ranges::sort(tasks, {},
                    [&](const Task& task) { return std::pair(-task.best, by_records(task)); });
  return tasks;
}

PlotSeries series_of(const RunReport& report, const std::string& name,
                     const std::vector<Task>& tasks) {
  PlotSeries series;
  for (const TaskReport& task : report.tasks) {
    const auto at = std::ranges::find(tasks, task.task, &Task::name);
    const record::Figure* figure = figure_of(task.figures, name);
    if (at == tasks.end() || figure == nullptr) continue;
    series.points.push_back({.x = *figure->value,
                             .y = static_cast<double>(at - tasks.begin()),
                             .x_low = figure->low,
                             .x_high = figure->high});
    series.provenance = figure->provenance;
  }
  return series;
}

}  // namespace

Plots task_plots(const RunSet& runs, const std::string& name, const std::string& title,
                 const std::string& axis) {
  const bool joules = name != "accuracy";
  const EnergyName figure = joules ? energy_name(runs, name) : EnergyName{name};
  std::size_t left_out = 0;
  const std::vector<Task> tasks = tasks_of(runs, left_out);
  if (tasks.empty()) {
    return nothing_to_draw("tasks", "the questions have no tasks or categories");
  }
  Plot plot{.title = title,
            .x = {.label = axis + (figure.above_idle ? " above idle" : ""),
                  .unit = joules ? "J" : "1",
                  .from_zero = true},
            .beside = runs.several()};
  if (!joules) plot.x.high = 1.0;
  for (const Task& task : tasks) {
    plot.categories.push_back(task.name.empty() ? "(no task)" : task.name);
  }
  std::vector<std::string> without;
  for (std::size_t i = 0; i < runs.reports.size(); ++i) {
    PlotSeries series = series_of(runs.reports[i], figure.name, tasks);
    if (series.points.empty()) {
      without.push_back(runs.labels[i]);
      continue;
    }
    series.name = runs.labels[i];
    series.colour = i;
    series.mark = runs.several() ? PlotMark::kPoints : PlotMark::kBars;
    plot.series.push_back(std::move(series));
  }
  if (plot.series.empty()) {
    const record::Figure* lacking = metrics::find(runs.reports.front().figures, figure.name);
    return nothing_to_draw(axis + " by task", lacking != nullptr ? lacking->reason : "");
  }
  plot.notes = {"Lines are 95 % intervals."};
  if (left_out > 0) {
    plot.notes.push_back(fmt::format("The {} largest of {} tasks; `ipw report --by task` has all.",
                                     kMostTasks, kMostTasks + left_out));
  }
  note_missing(plot, without);
  return std::vector<Plot>{std::move(plot)};
}

}  // namespace ipw::report
