#pragma once
// Plots for papers: data described once, drawn by gnuplot or written as CSV. Whoever has numbers to
// show fills in a Plot and hands it to write_plot(); how it looks is settled in one place.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/record/provenance.h"

namespace ipw::report {

struct PlotAxis {
  std::string label;          // "joules per question"; the unit is added
  std::string unit = "1";     // of the values: "J", "W" and "s" take SI prefixes, "1" shows none,
                              // "%" shows shares of one as per cent, others stand as they are
  bool log = false;           // values of 0 and below are then not drawn, which the plot says
  std::optional<double> low;  // fixed ends; absent: what the data need
  std::optional<double> high;
  bool from_zero = false;  // 0 belongs to it; bars have that anyway
};

/// An absent limit beside a present one is drawn as an arrow: the data do not say how far.
struct PlotPoint {
  double x = 0.0;
  double y = 0.0;
  std::optional<double> x_low;
  std::optional<double> x_high;
  std::optional<double> y_low;
  std::optional<double> y_high;
  double from = 0.0;    // kBars: where the bar begins (of a stack or waterfall: where it hangs)
  double weight = 1.0;  // kBoxes: the largest is darkest
  std::string label;    // stands beside it
};

enum class PlotMark {
  kPoints,  // dots with the intervals that they have
  kLine,    // straight from point to point; y_low … y_high is a pale band
  kSteps,   // each y holds until the next x; y_low … y_high is a pale band
  kBars,    // lying, from `from` to x with the interval of x; y is the number of the category
  kBoxes,   // x_low … x_high by y_low … y_high, filled: cells of a grid, stacks of columns
};

struct PlotSeries {
  std::string name;  // in the legend; empty: not there
  PlotMark mark = PlotMark::kPoints;
  std::vector<PlotPoint> points;
  // Stands in the legend. What is not measured is drawn hollow, dashed or hatched.
  std::optional<record::Provenance> provenance;
  std::optional<std::size_t> colour;  // 0 …; absent: its place among the series with a name
  bool muted = false;                 // grey and small: background to the others
  bool dashed = false;
};

/// A thin line across the plot: at x where `upright`, else at y.
struct PlotRule {
  double at = 0.0;
  bool upright = false;
  std::string label;
};

struct Plot {
  std::string title;
  PlotAxis x;
  PlotAxis y;
  // Names of y = 0, 1, 2, … from the top down; then the y axis has no numbers.
  std::vector<std::string> categories;
  // Bars and points of several series beside each other within a category, not over each other.
  bool beside = false;
  std::vector<PlotSeries> series;
  std::vector<PlotRule> rules;
  std::vector<std::string> notes;  // below, small: what a reader must know, what is missing
  double height_mm = 0.0;          // of the area with the data; 0: what suits
};

struct PlotOptions {
  double width_mm = 89.0;  // one column of most journals
};

/// Draws `panels` under each other into `file`, whole or not at all, as its ending says: .svg,
/// .pdf, .png (300 dots per inch) through gnuplot, or .csv. Texts are drawn as they are, whatever
/// they hold. kUsage: another ending, a width outside 40 … 400 mm, no panel, or a bar outside the
/// categories; kUnsupported: gnuplot is not on PATH (the message names the package) or cannot draw
/// this; else as write_output(). Not for two threads on one file.
[[nodiscard]] core::Result<void> write_plots(std::span<const Plot> panels,
                                             const std::filesystem::path& file,
                                             const PlotOptions& options = {});
[[nodiscard]] core::Result<void> write_plot(const Plot& plot, const std::filesystem::path& file,
                                            const PlotOptions& options = {});

/// The same as the text of an SVG document.
[[nodiscard]] core::Result<std::string> plots_svg(std::span<const Plot> panels,
                                                  const PlotOptions& options = {});

/// Every point: panel, series, category, x, y with limits, from, weight, label, provenance, method.
[[nodiscard]] std::string plot_csv(std::span<const Plot> panels);

}  // namespace ipw::report
