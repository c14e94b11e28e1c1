// Output tokens against joules with the least-squares line: every answer of a small run, a grid of
// counts of a large one. A panel for each run.
#include <fmt/format.h>

#include "ipw/report/run_plot_parts.h"
#include "ipw/report/text.h"

namespace ipw::report {
namespace {

constexpr std::size_t kMostAnswers = 1'500;

PlotSeries answers_of(const TokenJoules& answers) {
  PlotSeries series{.name = "answers"};
  for (std::size_t i = 0; i < answers.tokens.size(); ++i) {
    series.points.push_back(
        {.x = static_cast<double>(answers.tokens[i]), .y = static_cast<double>(answers.joules[i])});
  }
  return series;
}

PlotSeries cells_of(const TokenScatter& scatter) {
  PlotSeries series{.name = "answers, darker where there are more", .mark = PlotMark::kBoxes};
  const double wide = scatter.tokens_high / static_cast<double>(TokenScatter::kColumns);
  const double high =
      (scatter.joules_high - scatter.joules_low) / static_cast<double>(TokenScatter::kRows);
  for (std::size_t cell = 0; cell < scatter.cells.size(); ++cell) {
    if (scatter.cells[cell] == 0) continue;
    const auto column = static_cast<double>(cell % TokenScatter::kColumns);
    const std::size_t line = cell / TokenScatter::kColumns;
    const auto row = static_cast<double>(line);
    series.points.push_back({.x_low = column * wide,
                             .x_high = (column + 1) * wide,
                             .y_low = scatter.joules_low + row * high,
                             .y_high = scatter.joules_low + (row + 1) * high,
                             .weight = static_cast<double>(scatter.cells[cell])});
  }
  return series;
}

PlotSeries line_of(const metrics::Line& line, double tokens_high) {
  const std::string limits = line.slope_low && line.slope_high
                                 ? fmt::format(" [{}, {}]", quantity_text(*line.slope_low, "J"),
                                               quantity_text(*line.slope_high, "J"))
                                 : "";
  PlotSeries series{.name = fmt::format("{} + {} a token{}", quantity_text(line.intercept, "J"),
                                        quantity_text(line.slope, "J"), limits),
                    .mark = PlotMark::kLine,
                    .colour = 1};
  for (const double tokens : {0.0, tokens_high}) {
    series.points.push_back({.x = tokens, .y = line.intercept + line.slope * tokens});
  }
  return series;
}

}  // namespace

TokenPart token_part(const metrics::Sample& sample) {
  TokenPart part{.scatter = token_scatter(sample)};
  part.answers = token_joules(sample);
  if (part.answers.tokens.size() > kMostAnswers) part.answers = {};
  return part;
}

Plots token_plots(const RunSet& runs) {
  std::vector<Plot> plots;
  std::vector<std::string> without;
  for (std::size_t i = 0; i < runs.reports.size(); ++i) {
    const TokenPart& part = runs.details[i].tokens;
    if (!part.scatter || part.scatter->n == 0) {
      without.push_back(runs.labels[i]);
      continue;
    }
    const TokenScatter& scatter = *part.scatter;
    const bool exact = !part.answers.tokens.empty();
    Plot plot{.title = "Output tokens against joules, " + runs.labels[i],
              .x = {.label = "output tokens", .from_zero = true},
              .y = {.label = scatter.basis.above_idle ? "joules above idle" : "joules",
                    .unit = "J",
                    .from_zero = true}};
    plot.series.push_back(exact ? answers_of(part.answers) : cells_of(scatter));
    plot.series.back().provenance = scatter.basis.provenance;
    plot.series.back().colour = 0;
    if (scatter.line) {
      plot.series.push_back(line_of(*scatter.line, scatter.tokens_high));
      plot.notes.push_back(
          fmt::format("Least squares over {} answers, slope with its 95 % limits, R² {:.2f}.",
                      scatter.line->n, scatter.line->r_squared));
    } else {
      plot.notes.emplace_back("All answers are of one length, so that no line can be fitted.");
    }
    if (!exact && scatter.outside > 0) {
      plot.notes.push_back(fmt::format("{} answers lie beyond the axes.", scatter.outside));
    }
    if (runs.several()) plot.height_mm = 38.0;
    plots.push_back(std::move(plot));
  }
  if (plots.empty()) return nothing_to_draw("tokens against joules", "no energy was measured");
  note_missing(plots.back(), without);
  return plots;
}

}  // namespace ipw::report
