#include "ipw/report/analysis_plots.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "ipw/metrics/figures.h"
#include "ipw/report/findings_plots.h"

namespace ipw::report {
namespace {

using analysis::FindingRow;
using analysis::Findings;
using analysis::FindingSection;

const FindingSection* section_called(const Findings& findings, std::string_view name) {
  for (const FindingSection& section : findings.sections) {
    if (section.name.starts_with(name)) return &section;
  }
  return nullptr;
}

// A figure that has a value, or null.
const record::Figure* value_of(const FindingRow& row, const std::string& name) {
  const record::Figure* figure = metrics::find(row.figures, name);
  return figure != nullptr && figure->value ? figure : nullptr;
}

// The parts of a step that multiply to its total.
std::vector<const FindingRow*> multiplying_parts(const FindingSection& step, bool published) {
  constexpr std::string_view kPublished = ", as published";
  std::vector<const FindingRow*> parts;
  for (const FindingRow& row : step.rows) {
    const bool is_published = row.label.ends_with(kPublished);
    if (row.label == "total" || row.label.starts_with("interaction")) continue;
    if (is_published != published) continue;
    if (value_of(row, "ratio") == nullptr) return {};
    parts.push_back(&row);
  }
  return parts;
}

Plot waterfall(const FindingSection& step) {
  Plot plot{.title = step.title, .x = {.label = "times as much", .log = true}, .y = {}};
  std::vector<const FindingRow*> parts = multiplying_parts(step, false);
  if (parts.empty()) {
    parts = multiplying_parts(step, true);
    plot.notes.emplace_back(
        "not all combinations were measured: the published decomposition, accuracy to the model "
        "and cost to the accelerator");
  }
  if (parts.empty()) return plot;
  const auto total = std::ranges::find(step.rows, "total", &FindingRow::label);
  if (total != step.rows.end()) parts.push_back(&*total);
  PlotSeries bars{.name = "", .mark = PlotMark::kBars};
  double reached = 1.0;
  for (const FindingRow* part : parts) {
    const record::Figure& ratio = *value_of(*part, "ratio");
    const double from = part->label == "total" ? 1.0 : reached;
    PlotPoint bar{.x = from * *ratio.value, .y = static_cast<double>(plot.categories.size())};
    bar.from = from;
    if (ratio.low) bar.x_low = from * *ratio.low;
    if (ratio.high) bar.x_high = from * *ratio.high;
    reached = bar.x;
    plot.categories.push_back(part->label);
    bars.points.push_back(std::move(bar));
    bars.provenance = ratio.provenance;
  }
  plot.series.push_back(std::move(bars));
  return plot;
}

// All SOC groups are occupations.
std::string short_title(std::string title) {
  constexpr std::string_view kOccupations = " Occupations";
  if (title.ends_with(kOccupations)) title.resize(title.size() - kOccupations.size());
  return title;
}

// The best rate so far; points stand in the order of time.
PlotSeries frontier_of(const PlotSeries& series) {
  PlotSeries frontier{.name = "best so far", .mark = PlotMark::kSteps, .muted = true};
  for (const PlotPoint& point : series.points) {
    if (frontier.points.empty() || point.y > frontier.points.back().y) {
      frontier.points.push_back({.x = point.x, .y = point.y});
    }
  }
  frontier.points.push_back({.x = series.points.back().x, .y = frontier.points.back().y});
  frontier.provenance = series.provenance;
  return frontier;
}

}  // namespace

std::vector<Plot> attribution_plots(const Findings& findings) {
  std::vector<Plot> plots;
  for (const FindingSection& section : findings.sections) {
    if (!section.name.starts_with("step_") && section.name != "chain") continue;
    Plot plot = waterfall(section);
    if (!plot.series.empty()) plots.push_back(std::move(plot));
  }
  return plots;
}

std::vector<Plot> history_plots(const Findings& findings) {
  const FindingSection* points = section_called(findings, "points");
  if (points == nullptr) return {};
  Plot plot{.title = "through time", .x = {.label = "year"}, .y = {.log = true}};
  PlotSeries series{.name = "", .mark = PlotMark::kPoints};
  for (const FindingRow& row : points->rows) {
    const record::Figure* time = value_of(row, "time");
    const record::Figure* rate = value_of(row, "ipw");
    plot.y.label = rate != nullptr ? "ipw" : "ipj";
    if (rate == nullptr) rate = value_of(row, "ipj");
    if (time == nullptr || rate == nullptr) continue;
    plot.y.unit = rate->unit;
    PlotPoint point{.x = *time->value, .y = *rate->value};
    point.y_low = rate->low;
    point.y_high = rate->high;
    point.label = row.label;
    series.points.push_back(std::move(point));
    series.provenance = rate->provenance;
  }
  if (series.points.empty()) return {};
  plot.series.push_back(frontier_of(series));
  plot.series.push_back(std::move(series));
  return {plot};
}

std::vector<Plot> gdi_plots(const Findings& findings) {
  const FindingSection* tornado = section_called(findings, "tornado");
  const FindingSection* total = section_called(findings, "total");
  if (tornado == nullptr || tornado->rows.empty() || total == nullptr) return {};
  Plot plot{.title = total->rows.front().label + ": one input at its low and high end",
            .x = {.label = "correct answers per second", .unit = "1/s", .log = true},
            .y = {}};
  const record::Figure& now = *value_of(total->rows.front(), "answers_per_s");
  PlotSeries low{.name = "at its low end", .mark = PlotMark::kBars, .colour = 0};
  PlotSeries high{.name = "at its high end", .mark = PlotMark::kBars, .colour = 1};
  for (const FindingRow& row : tornado->rows) {
    const record::Figure* swing = value_of(row, "swing");
    if (swing == nullptr || *swing->value == 0.0) continue;  // the answers do not hang on it
    const auto category = static_cast<double>(plot.categories.size());
    for (const auto& [series, name] : {std::pair(&low, "at_low"), std::pair(&high, "at_high")}) {
      PlotPoint bar{.x = *value_of(row, name)->value, .y = category};
      bar.from = *now.value;
      series->points.push_back(std::move(bar));
    }
    plot.categories.push_back(row.label);
  }
  plot.rules.push_back({.at = *now.value, .upright = true, .label = "as the scenario has it"});
  plot.series = {std::move(low), std::move(high)};
  plot.notes.emplace_back("a scenario, in part assumed; not a measurement");
  return {plot};
}

std::vector<Plot> gdp_plots(const Findings& findings) {
  std::vector<Plot> plots = findings_plots(findings);
  const FindingSection* groups = section_called(findings, "groups");
  if (groups == nullptr) return plots;
  Plot plot{
      .title = groups->title, .x = {.label = "gap: weight not reached", .unit = "%"}, .y = {}};
  PlotSeries bars{.name = "", .mark = PlotMark::kBars};
  for (const FindingRow& row : groups->rows) {
    const record::Figure* gap = value_of(row, "gap");
    if (gap == nullptr) continue;
    PlotPoint bar{.x = *gap->value, .y = static_cast<double>(plot.categories.size())};
    bar.x_low = gap->low;
    bar.x_high = gap->high;
    bars.points.push_back(std::move(bar));
    bars.provenance = gap->provenance;
    plot.categories.push_back(short_title(row.label));
  }
  if (bars.points.empty()) return plots;
  plot.series.push_back(std::move(bars));
  plots.push_back(std::move(plot));
  return plots;
}

}  // namespace ipw::report
