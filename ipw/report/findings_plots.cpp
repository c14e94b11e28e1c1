// The table of pictures, and the two shapes that they have.
#include "ipw/report/findings_plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace ipw::report {
namespace {

struct Drawn {
  std::string_view figure;
  std::string_view legend;
  bool muted = false;
  bool points = false;  // along an axis: dots instead of a line
};

struct Picture {
  std::string_view section;
  std::string_view axis;   // of the rows' places; empty: rows are names
  std::string_view value;  // of the figures
  std::array<Drawn, 6> drawn;
};

constexpr std::array kPictures{
    Picture{"models",
            "",
            "share of questions",
            {{{"coverage", "answered"}, {"win_or_tie", "wins or ties"}}}},
    Picture{"pools",
            "",
            "share of questions",
            {{{"best_of", "answered by some model"},
              {"best_single", "answered by the best single model"},
              {"held_out", "chosen on one repeat, scored on another"},
              {"chance_floor", "answered by guessers", true}}}},
    Picture{"one_by_one",
            "models in the pool",
            "share of questions",
            {{{"best_of", "answered by some model"}}}},
    Picture{"by_category",
            "",
            "share of questions",
            {{{"best_of", "answered by some model"},
              {"best_single", "answered by the best single model"},
              {"reference", "answered by the reference"},
              {"chance_floor", "answered by guessers", true}}}},
    Picture{"by_year",
            "year",
            "share of questions",
            {{{"best_of", "answered by some model"},
              {"best_single", "answered by the best single model"},
              {"win_or_tie", "wins or ties"}}}},
    Picture{"routers",
            "accuracy of the router",
            "share saved",
            {{{"joules_saved", "joules"},
              {"flops_active_saved", "FLOPs, active parameters"},
              {"flops_total_saved", "FLOPs, all parameters"},
              {"dollars_saved", "dollars"},
              {"quality", "quality", true}}}},
    Picture{"routers_either_way",
            "accuracy of the router",
            "share saved",
            {{{"joules_saved", "joules"},
              {"flops_active_saved", "FLOPs, active parameters"},
              {"flops_total_saved", "FLOPs, all parameters"},
              {"dollars_saved", "dollars"},
              {"quality", "quality", true}}}},
    Picture{"published",
            "accuracy of the router",
            "share saved",
            {{{"energy_saved", "energy, computed"},
              {"energy_printed", "energy, printed", false, true},
              {"compute_saved", "compute, computed"},
              {"compute_printed", "compute, printed", false, true},
              {"cost_saved", "cost, computed"},
              {"cost_printed", "cost, printed", false, true}}}},
    Picture{"scores",
            "",
            "share of answers that are right",
            {{{"weighted_accuracy", "weighted by what the work is worth"},
              {"accuracy", "every question alike", true}}}},
};

const record::Figure* figure_of(const analysis::FindingRow& row, std::string_view name) {
  const auto found = std::ranges::find(row.figures, name, &metrics::NamedFigure::name);
  return found == row.figures.end() ? nullptr : &found->figure;
}

/// The points of one figure over all rows. Lying: the figure on x and the row's number on y.
PlotSeries series_of(const analysis::FindingSection& section, const Drawn& drawn, bool lying) {
  PlotSeries series{.name = std::string(drawn.legend),
                    .mark = lying || drawn.points ? PlotMark::kPoints : PlotMark::kLine,
                    .muted = drawn.muted};
  for (std::size_t i = 0; i < section.rows.size(); ++i) {
    const analysis::FindingRow& row = section.rows[i];
    const record::Figure* figure = figure_of(row, drawn.figure);
    if (figure == nullptr || !figure->value) continue;
    if (!series.provenance) series.provenance = figure->provenance;
    if (lying) {
      series.points.push_back({.x = *figure->value,
                               .y = static_cast<double>(i),
                               .x_low = figure->low,
                               .x_high = figure->high});
    } else {
      series.points.push_back(
          {.x = *row.at, .y = *figure->value, .y_low = figure->low, .y_high = figure->high});
    }
  }
  if (!lying) {
    std::ranges::sort(series.points, {},
                      [](const PlotPoint& point) { return std::pair(point.x, point.y); });
  }
  return series;
}

std::string lacking(const analysis::FindingSection& section, std::string_view leading) {
  const auto without = std::ranges::count_if(section.rows, [&](const analysis::FindingRow& row) {
    const record::Figure* figure = figure_of(row, leading);
    return figure == nullptr || !figure->value;
  });
  if (without == 0) return {};
  return fmt::format("{} of {} rows have no value and are not drawn", without, section.rows.size());
}

Plot plot_of(const analysis::FindingSection& section, const Picture& picture) {
  const bool lying = picture.axis.empty();
  const PlotAxis values{.label = std::string(picture.value), .unit = "%"};
  Plot plot{.title = section.title,
            .x = lying ? values : PlotAxis{.label = std::string(picture.axis)},
            .y = lying ? PlotAxis{} : values,
            .beside = lying};
  if (picture.axis == "accuracy of the router") plot.x.unit = "%";
  if (lying) {
    for (const analysis::FindingRow& row : section.rows) plot.categories.push_back(row.label);
  }
  for (const Drawn& drawn : picture.drawn) {
    if (drawn.figure.empty()) continue;
    PlotSeries series = series_of(section, drawn, lying);
    if (!series.points.empty()) plot.series.push_back(std::move(series));
  }
  if (std::string note = lacking(section, picture.drawn.front().figure); !note.empty()) {
    plot.notes.push_back(std::move(note));
  }
  return plot;
}

}  // namespace

std::vector<Plot> findings_plots(const analysis::Findings& findings) {
  std::vector<Plot> plots;
  for (const analysis::FindingSection& section : findings.sections) {
    const auto picture = std::ranges::find(kPictures, section.name, &Picture::section);
    if (picture == kPictures.end() || section.rows.empty()) continue;
    const bool placed = std::ranges::all_of(
        section.rows, [](const analysis::FindingRow& row) { return row.at.has_value(); });
    if (!picture->axis.empty() && !placed) continue;
    Plot plot = plot_of(section, *picture);
    if (!plot.series.empty()) plots.push_back(std::move(plot));
  }
  return plots;
}

}  // namespace ipw::report
