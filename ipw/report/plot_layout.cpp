// See plot_layout.h.
#include "ipw/report/plot_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string_view>

#include "ipw/report/text.h"

namespace ipw::report {
namespace {

constexpr double kMillimetresPerPoint = 25.4 / 72.0;
constexpr double kEdge = 1.5;      // white around the picture
constexpr double kTickRow = 4.0;   // numbers below an axis
constexpr double kLabelRow = 3.7;  // the name of an axis
constexpr double kTitleRow = 4.2;
constexpr double kBetweenPanels = 1.5;
constexpr double kLegendSample = 8.0;  // width of the sign before a legend's text

// In heights of a letter, after DejaVu Sans, which is wider than most: what fits with it fits with
// others. East Asian signs and pictures are square.
double letter_width(unsigned char byte) {
  constexpr std::string_view kNarrow = " .,:;'|!()[]/ijlrtfI";
  constexpr std::string_view kWide = "mwMW@%";
  if ((byte & 0xc0) == 0x80) return 0.0;
  if (byte >= 0xe3) return 1.05;
  if (kNarrow.find(static_cast<char>(byte)) != std::string_view::npos) return .35;
  if (kWide.find(static_cast<char>(byte)) != std::string_view::npos) return .93;
  return byte >= 'A' && byte <= 'Z' ? .69 : .62;
}

double text_width(const std::string& text, double points) {
  double letters = 0.0;
  for (const char c : text) letters += letter_width(static_cast<unsigned char>(c));
  return letters * points * kMillimetresPerPoint;
}

// The first letters of `text` with an ellipsis where it is wider than `most` millimetres.
std::string shortened(const std::string& text, double most, double points) {
  if (text_width(text, points) <= most) return text;
  std::string kept;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t next = i + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0) == 0x80) ++next;
    const std::string more = kept + text.substr(i, next - i);
    if (text_width(more + "…", points) > most) break;
    kept = more;
    i = next;
  }
  return kept + "…";
}

std::vector<std::string> lines_of(const std::string& text, double width) {
  const auto letters =
      static_cast<std::size_t>(width / (.51 * kSmallPoints * kMillimetresPerPoint));
  std::istringstream in(wrapped(text, letters, 0));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(display_width(line) > letters ? shortened(line, width, kSmallPoints) : line);
  }
  return lines;
}

// The provenance always stands in full; the name gives way.
std::string legend_text(const PlotSeries& series, double width) {
  std::string source;
  if (series.provenance) {
    const std::string method = record::method_text(*series.provenance);
    source = fmt::format(" ({}{}{})", record::name(series.provenance->source),
                         method.empty() ? "" : ": ", method);
  }
  const double left = std::max(width - text_width(source, kSmallPoints), width / 3);
  return shortened(series.name, left, kSmallPoints) + source;
}

struct Extent {
  std::vector<double> x, y;
};

void extend(Extent& extent, const PlotSeries& series) {
  const auto take = [](std::vector<double>& values, const std::optional<double>& value) {
    if (value) values.push_back(*value);
  };
  for (const PlotPoint& point : series.points) {
    if (series.mark != PlotMark::kBoxes) {
      extent.x.push_back(point.x);
      extent.y.push_back(point.y);
    }
    if (series.mark == PlotMark::kBars) extent.x.push_back(point.from);
    take(extent.x, point.x_low);
    take(extent.x, point.x_high);
    take(extent.y, point.y_low);
    take(extent.y, point.y_high);
  }
}

bool has_bars_from_zero(const Plot& plot) {
  for (const PlotSeries& series : plot.series) {
    if (series.mark != PlotMark::kBars) continue;
    for (const PlotPoint& point : series.points) {
      if (point.from == 0.0) return true;
    }
  }
  return false;
}

double default_height(const Plot& plot) {
  if (plot.categories.empty()) return 48.0;
  const double lanes =
      plot.beside ? static_cast<double>(std::max<std::size_t>(plot.series.size(), 1)) : 1.0;
  return std::max(8.0, static_cast<double>(plot.categories.size()) * (1.8 + 2.2 * lanes));
}

std::string not_drawn(const Plot& plot, const AxisScale& x, const AxisScale& y) {
  std::size_t count = 0;
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& point : series.points) {
      count += can_be_drawn(point, series.mark, x, y) ? 0 : 1;
    }
  }
  if (count == 0) return "";
  return fmt::format("{} of the points cannot be drawn: no number{}.", count,
                     x.log || y.log ? ", or not above zero on a logarithmic axis" : "");
}

bool has_open_interval(const Plot& plot) {
  for (const PlotSeries& series : plot.series) {
    if (series.mark != PlotMark::kPoints && series.mark != PlotMark::kBars) continue;
    for (const PlotPoint& point : series.points) {
      if (point.x_low.has_value() != point.x_high.has_value()) return true;
      if (point.y_low.has_value() != point.y_high.has_value()) return true;
    }
  }
  return false;
}

PanelLayout panel_of(const Plot& plot, double width) {
  PanelLayout panel{.plot = &plot};
  panel.title = shortened(plot.title, width - 2 * kEdge, kTitlePoints);
  Extent extent;
  for (const PlotSeries& series : plot.series) extend(extent, series);
  PlotAxis x = plot.x;
  x.from_zero = x.from_zero || has_bars_from_zero(plot);
  panel.x = axis_scale(x, extent.x, static_cast<int>(width / 14.0));
  panel.y = axis_scale(plot.y, extent.y, 6);
  if (!plot.categories.empty()) {
    panel.y = {.low = -.5, .high = static_cast<double>(plot.categories.size()) - .5};
    panel.y.label = plot.y.label;
  }
  for (const std::string& category : plot.categories) {
    panel.categories.push_back(shortened(category, width * .4, kTextPoints));
  }
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    if (plot.series[i].name.empty()) continue;
    panel.legend.push_back({i, legend_text(plot.series[i], width - 2 * kEdge - kLegendSample)});
  }
  std::vector<std::string> notes = plot.notes;
  if (has_open_interval(plot)) {
    notes.emplace_back("An arrow: these data give no limit on that side.");
  }
  notes.push_back(not_drawn(plot, panel.x, panel.y));
  for (const std::string& note : notes) {
    for (std::string& line : lines_of(note, width - 2 * kEdge)) {
      panel.notes.push_back(std::move(line));
    }
  }
  return panel;
}

double left_margin(const PanelLayout& panel) {
  double numbers = 0.0;
  for (const Tick& tick : panel.y.ticks) {
    numbers = std::max(numbers, text_width(tick.text, kTextPoints));
  }
  for (const std::string& category : panel.categories) {
    numbers = std::max(numbers, text_width(category, kTextPoints));
  }
  return kEdge + numbers + 1.8 + (panel.y.label.empty() ? 0.0 : kLabelRow);
}

// Room for what is written at the ends of bars.
double right_margin(const Plot& plot) {
  double labels = 0.0;
  for (const PlotSeries& series : plot.series) {
    if (series.mark != PlotMark::kBars) continue;
    for (const PlotPoint& point : series.points) {
      labels = std::max(labels, text_width(point.label, kSmallPoints));
    }
  }
  return std::max(4.0, std::min(labels, 20.0) + 1.0);
}

bool has_rule_label(const Plot& plot) {
  return std::ranges::any_of(plot.rules,
                             [](const auto& rule) { return rule.upright && !rule.label.empty(); });
}

// Moves the parts of one panel below `top`; returns where it ends.
double place_panel(PanelLayout& panel, double top) {
  panel.title_top = top;
  if (!panel.plot->title.empty()) top += kTitleRow;
  panel.top = top + (has_rule_label(*panel.plot) ? 2.6 : 1.0);
  panel.bottom = panel.top + (panel.plot->height_mm > 0.0 ? panel.plot->height_mm
                                                          : default_height(*panel.plot));
  top = panel.bottom + kTickRow + (panel.x.label.empty() ? .3 : kLabelRow) + .6;
  panel.legend_top = top;
  top += static_cast<double>(panel.legend.size()) * kLegendRow;
  panel.notes_top = top + .4;
  return panel.notes_top + static_cast<double>(panel.notes.size()) * kNoteRow;
}

struct Box {
  double left, top, right, bottom;
};

double overlap(const Box& a, const Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return width > 0.0 && height > 0.0 ? width * height : 0.0;
}

// Puts labels beside their points, each where it covers least of what is there already.
class LabelPlacer {
 public:
  LabelPlacer(const PictureLayout& picture, const PanelLayout& panel)
      : picture_(picture), panel_(panel) {
    for (std::size_t i = 0; i < panel.plot->series.size(); ++i) {
      const PlotSeries& series = panel.plot->series[i];
      if (series.mark == PlotMark::kPoints) {
        for (const PlotPoint& point : series.points) add_obstacles(point, i);
      } else if (series.mark == PlotMark::kLine && series.points.size() < 100) {
        for (std::size_t k = 1; k < series.points.size(); ++k) {
          add_line(series.points[k - 1], series.points[k]);
        }
      }
    }
  }

  [[nodiscard]] std::vector<PointLabel> labels() {
    for (std::size_t i = 0; i < panel_.plot->series.size(); ++i) {
      const PlotSeries& series = panel_.plot->series[i];
      for (const PlotPoint& point : series.points) {
        if (!point.label.empty() && can_be_drawn(point, series.mark, panel_.x, panel_.y)) {
          place(point, i);
        }
      }
    }
    return std::move(labels_);
  }

 private:
  [[nodiscard]] double x_of(double value) const {
    return picture_.left + panel_.x.place(value) * (picture_.right - picture_.left);
  }
  [[nodiscard]] double y_of(double value, std::size_t series) const {
    double place = panel_.y.place(value);
    if (!panel_.categories.empty()) {
      place = 1.0 - panel_.y.place(value + lane_offset(*panel_.plot, series));
    }
    return panel_.bottom - place * (panel_.bottom - panel_.top);
  }

  void add_obstacles(const PlotPoint& point, std::size_t series) {
    if (!can_be_drawn(point, PlotMark::kPoints, panel_.x, panel_.y)) return;
    const double x = x_of(point.x);
    const double y = y_of(point.y, series);
    taken_.push_back({x - 1.0, y - 1.0, x + 1.0, y + 1.0});
    if (point.y_low && point.y_high && panel_.y.shows(*point.y_low)) {
      taken_.push_back({x - .2, y_of(*point.y_high, series), x + .2, y_of(*point.y_low, series)});
    }
    if (point.x_low && point.x_high && panel_.x.shows(*point.x_low)) {
      taken_.push_back({x_of(*point.x_low), y - .2, x_of(*point.x_high), y + .2});
    }
  }

  void add_line(const PlotPoint& from, const PlotPoint& to) {
    if (!can_be_drawn(from, PlotMark::kPoints, panel_.x, panel_.y) ||
        !can_be_drawn(to, PlotMark::kPoints, panel_.x, panel_.y)) {
      return;
    }
    constexpr int kPieces = 12;
    const double x = x_of(from.x), y = y_of(from.y, 0);
    const double dx = (x_of(to.x) - x) / kPieces, dy = (y_of(to.y, 0) - y) / kPieces;
    for (int i = 0; i < kPieces; ++i) {
      const double x1 = x + i * dx, y1 = y + i * dy;
      taken_.push_back({std::min(x1, x1 + dx) - .2, std::min(y1, y1 + dy) - .2,
                        std::max(x1, x1 + dx) + .2, std::max(y1, y1 + dy) + .2});
    }
  }

  void place(const PlotPoint& point, std::size_t series) {
    using Side = PointLabel::Side;
    const std::string text =
        shortened(point.label, (picture_.right - picture_.left) * .45, kSmallPoints);
    const double wide = text_width(text, kSmallPoints);
    const double high = kSmallPoints * kMillimetresPerPoint * 1.1;
    const double x = x_of(point.x);
    const double y = y_of(point.y, series);
    const bool bar = panel_.plot->series[series].mark == PlotMark::kBars;
    struct Place {
      Side side;
      double dx, dy;
    };
    std::vector<Place> places;
    if (bar) {
      const double end = x_of(std::max({point.x, point.from, point.x_high.value_or(point.x)}));
      places.push_back({Side::kRight, end - x + .8, 0.0});
    } else {
      for (const double off : {1.4, 2.6}) {
        places.insert(places.end(), {{Side::kRight, off, -off},
                                     {Side::kLeft, -off, -off},
                                     {Side::kRight, off, off},
                                     {Side::kLeft, -off, off},
                                     {Side::kAbove, 0.0, -off - .6},
                                     {Side::kBelow, 0.0, off + .6}});
      }
    }
    const auto box_at = [&](const Place& place) {
      const double at = x + place.dx;
      const double left = place.side == Side::kRight  ? at
                          : place.side == Side::kLeft ? at - wide
                                                      : at - wide / 2;
      return Box{left, y + place.dy - high / 2, left + wide, y + place.dy + high / 2};
    };
    const auto cost_of = [&](const Box& box) {
      double cost = 0.0;
      for (const Box& other : taken_) cost += overlap(box, other);
      const Box inside{picture_.left, panel_.top - 1.0, picture_.width - .5, panel_.bottom};
      return cost + 20.0 * (wide * high - overlap(box, inside));
    };
    const auto best = std::ranges::min_element(
        places, {}, [&](const Place& place) { return cost_of(box_at(place)); });
    taken_.push_back(box_at(*best));
    labels_.push_back({x + best->dx, y + best->dy, best->side, series, text});
  }

  const PictureLayout& picture_;
  const PanelLayout& panel_;
  std::vector<Box> taken_;
  std::vector<PointLabel> labels_;
};

}  // namespace

double lane_offset(const Plot& plot, std::size_t series) {
  if (!plot.beside || plot.series.empty()) return 0.0;
  const auto lanes = static_cast<double>(plot.series.size());
  return (static_cast<double>(series) - (lanes - 1) / 2) * .8 / lanes;
}

double bar_height(const Plot& plot) {
  return plot.beside && !plot.series.empty() ? .72 / static_cast<double>(plot.series.size()) : .62;
}

bool can_be_drawn(const PlotPoint& point, PlotMark mark, const AxisScale& x, const AxisScale& y) {
  if (mark == PlotMark::kBoxes) {
    return point.x_low && point.x_high && point.y_low && point.y_high && x.shows(*point.x_low) &&
           x.shows(*point.x_high) && y.shows(*point.y_low) && y.shows(*point.y_high);
  }
  if (mark == PlotMark::kBars && !x.shows(point.from)) return false;
  const bool line = mark == PlotMark::kLine || mark == PlotMark::kSteps;
  if (line && std::isnan(point.y)) return true;  // a gap, which is seen
  return x.shows(point.x) && y.shows(point.y);
}

PictureLayout plot_layout(std::span<const Plot> plots, const PlotOptions& options) {
  PictureLayout picture{.width = options.width_mm, .right = options.width_mm};
  for (const Plot& plot : plots) {
    picture.panels.push_back(panel_of(plot, options.width_mm));
    picture.left = std::max(picture.left, left_margin(picture.panels.back()));
    picture.right = std::min(picture.right, options.width_mm - right_margin(plot));
  }
  double top = kEdge - .5;
  for (PanelLayout& panel : picture.panels) top = place_panel(panel, top) + kBetweenPanels;
  picture.height = top - kBetweenPanels + kEdge;
  for (PanelLayout& panel : picture.panels) {
    panel.labels = LabelPlacer(picture, panel).labels();
  }
  return picture;
}

}  // namespace ipw::report
