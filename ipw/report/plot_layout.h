#pragma once
// Where the parts of a picture stand: panels, legends, notes, and the labels of points. In
// millimetres from the upper left corner.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ipw/report/plot.h"
#include "ipw/report/plot_axis.h"

namespace ipw::report {

inline constexpr double kTitlePoints = 8.0;  // height of letters, in printer's points
inline constexpr double kTextPoints = 7.0;
inline constexpr double kSmallPoints = 6.0;  // of legends, notes and labels
inline constexpr double kLegendRow = 3.0;    // mm
inline constexpr double kNoteRow = 2.6;

struct LegendRow {
  std::size_t series = 0;
  std::string text;
};

struct PointLabel {
  double x = 0.0;  // of the text's anchor
  double y = 0.0;
  enum class Side { kRight, kLeft, kAbove, kBelow } side = Side::kRight;
  std::size_t series = 0;
  std::string text;
};

struct PanelLayout {
  const Plot* plot = nullptr;
  std::string title;
  AxisScale x, y;
  std::vector<std::string> categories;  // shortened to fit
  std::vector<LegendRow> legend;
  std::vector<std::string> notes;  // wrapped lines
  std::vector<PointLabel> labels;
  double title_top = 0.0;
  double top = 0.0, bottom = 0.0;  // of the area with the data
  double legend_top = 0.0;
  double notes_top = 0.0;
};

struct PictureLayout {
  double width = 0.0, height = 0.0;
  double left = 0.0, right = 0.0;  // of the areas with the data
  std::vector<PanelLayout> panels;
};

[[nodiscard]] PictureLayout plot_layout(std::span<const Plot> panels, const PlotOptions& options);

/// Where a series' marks stand within a category, in categories; 0 where they stand on each other.
[[nodiscard]] double lane_offset(const Plot& plot, std::size_t series);
/// Height of a bar, in categories.
[[nodiscard]] double bar_height(const Plot& plot);

/// Whether the point has a place on both axes.
[[nodiscard]] bool can_be_drawn(const PlotPoint& point, PlotMark mark, const AxisScale& x,
                                const AxisScale& y);

}  // namespace ipw::report
