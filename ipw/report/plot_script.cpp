// See plot_script.h.
#include "ipw/report/plot_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

#include "ipw/report/gnuplot.h"
#include "ipw/report/plot_layout.h"

namespace ipw::report {
namespace {

// Okabe and Ito (2008), without the yellow, which is too pale for lines: told apart by readers of
// every kind of colour vision. Shapes and dashes differ too, for paper without colour.
constexpr std::array<unsigned, 7> kColours = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7,
                                              0xe69f00, 0x56b4e9, 0x444444};
constexpr unsigned kMuted = 0x8c8c8c;
constexpr std::array kFilled = {7, 5, 9, 13, 11, 15};  // gnuplot's points: disc, square, triangle …
constexpr std::array kHollow = {6, 4, 8, 12, 10, 14};
constexpr const char* kInk = "#222222";
constexpr const char* kGrey = "#666666";

std::string colour_text(unsigned rgb) { return fmt::format("#{:06x}", rgb); }

// What a size in points is in the terminal's own.
struct Terminal {
  const char* words;
  double units_per_mm;
  double font_scale;
  double line_scale;
  double point_scale;
};

constexpr Terminal kSvg{"svg size {},{} dynamic", 96.0 / 25.4, 4.0 / 3, 1.0, 1.3};
constexpr Terminal kPdf{"pdfcairo size {}cm,{}cm", .1, .75, 1.5, .9};
constexpr Terminal kPng{"pngcairo size {},{}", 300.0 / 25.4, 300.0 / 96, 300.0 / 96, 3.6};

struct SeriesLook {
  unsigned rgb = kMuted;
  int point = 7;
  bool measured = true;
  bool dashed = false;
};

std::vector<SeriesLook> looks_of(const Plot& plot) {
  std::vector<SeriesLook> looks;
  std::size_t next = 0;
  for (const PlotSeries& series : plot.series) {
    const std::size_t number = series.colour.value_or(next);
    if (!series.colour && !series.muted && !series.name.empty()) ++next;
    SeriesLook look;
    look.measured = !series.provenance || series.provenance->source == record::Source::kMeasured;
    const std::size_t shape = number % kFilled.size();
    look.point = look.measured ? kFilled[shape] : kHollow[shape];
    if (!series.muted) look.rgb = kColours[number % kColours.size()];
    look.dashed = series.dashed || !look.measured;
    looks.push_back(look);
  }
  return looks;
}

class Script {
 public:
  Script(const PictureLayout& picture, const Terminal& terminal)
      : picture_(picture), point_scale_(terminal.point_scale) {
    const double width = picture.width * terminal.units_per_mm;
    const double height = picture.height * terminal.units_per_mm;
    const bool centimetres = &terminal == &kPdf;
    say("set terminal {} font 'sans-serif,{}' fontscale {} linewidth {} noenhanced background rgb "
        "'white'",
        centimetres
            ? fmt::format(fmt::runtime(terminal.words), width, height)
            : fmt::format(fmt::runtime(terminal.words), std::lround(width), std::lround(height)),
        kTextPoints, terminal.font_scale, terminal.line_scale);
    say("set encoding utf8");
    say("set tics nomirror out scale .4");
    say("set border 3 lw .6 lc rgb '{}'", kInk);
    say("set style fill solid 1 noborder");
  }

  [[nodiscard]] std::string text() && {
    std::string script = std::move(head_);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      script += fmt::format("$d{} << EOD\n{}EOD\n", i, blocks_[i]);
    }
    return script + "set multiplot\n" + body_ + "unset multiplot\n";
  }

  void add(const PanelLayout& panel) {
    target_ = &body_;
    panel_ = &panel;
    looks_ = looks_of(*panel.plot);
    elements_.clear();
    say("unset label\nunset arrow\nunset logscale\nunset grid");
    frame();
    texts();
    rules();
    for (std::size_t i = 0; i < panel.plot->series.size(); ++i) draw(i);
    std::string list = "NaN notitle";
    for (const std::string& element : elements_) list += ", \\\n  " + element;
    say("plot {}", list);
  }

 private:
  template <class... Values>
  void say(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(*target_), format, std::forward<Values>(values)...);
    *target_ += '\n';
  }

  // Screen coordinates of a place in millimetres from the upper left corner.
  [[nodiscard]] std::string at(double x, double y) const {
    return fmt::format("screen {:.5f},screen {:.5f}", x / picture_.width, 1 - y / picture_.height);
  }

  void label(const std::string& text, double x, double y, const char* how, double points,
             const char* colour) {
    say("set label {} at {} {} font ',{}' textcolor rgb '{}'", gnuplot_quoted(text), at(x, y), how,
        points, colour);
  }

  void frame() {
    say("set lmargin at screen {:.5f}", picture_.left / picture_.width);
    say("set rmargin at screen {:.5f}", picture_.right / picture_.width);
    say("set tmargin at screen {:.5f}", 1 - panel_->top / picture_.height);
    say("set bmargin at screen {:.5f}", 1 - panel_->bottom / picture_.height);
    const bool categories = !panel_->categories.empty();
    say("set xrange [{}:{}]", panel_->x.low, panel_->x.high);
    if (categories) {
      say("set yrange [{}:{}]", panel_->y.high, panel_->y.low);
    } else {
      say("set yrange [{}:{}]", panel_->y.low, panel_->y.high);
    }
    if (panel_->x.log) say("set logscale x 10");
    if (panel_->y.log) say("set logscale y 10");
    ticks('x', panel_->x.ticks, .4);
    if (categories) {
      std::vector<Tick> names;
      names.reserve(panel_->categories.size());
      for (std::size_t i = 0; i < panel_->categories.size(); ++i) {
        names.push_back({static_cast<double>(i), panel_->categories[i]});
      }
      ticks('y', names, 0.0);
    } else {
      ticks('y', panel_->y.ticks, .4);
    }
    say("set grid {} lt 1 lw .5 lc rgb '#e3e3e3'", categories ? "xtics" : "ytics xtics");
    say("set grid back");
    say("set key at {} left top Left reverse vertical maxrows {} samplen 1.6 spacing 1.05 font "
        "',{}' textcolor rgb '{}'",
        at(1.0, panel_->legend_top), std::max<std::size_t>(panel_->legend.size(), 1), kSmallPoints,
        kInk);
  }

  void ticks(char axis, const std::vector<Tick>& ticks, double scale) {
    std::string list;
    for (const Tick& tick : ticks) {
      list += fmt::format("{}{} {}", list.empty() ? "" : ", ", gnuplot_quoted(tick.text), tick.at);
    }
    say("set {}tics scale {} font ',{}' textcolor rgb '{}' ({})", axis, scale, kTextPoints, kInk,
        list);
  }

  void texts() {
    const double middle = (picture_.left + picture_.right) / 2;
    label(panel_->title, 1.5, panel_->title_top + 2.0, "left", kTitlePoints, kInk);
    if (!panel_->x.label.empty()) {
      label(panel_->x.label, middle, panel_->bottom + 6.2, "center", kTextPoints, kInk);
    }
    if (!panel_->y.label.empty()) {
      label(panel_->y.label, 2.8, (panel_->top + panel_->bottom) / 2, "center rotate by 90",
            kTextPoints, kInk);
    }
    for (std::size_t i = 0; i < panel_->notes.size(); ++i) {
      label(panel_->notes[i], 1.5, panel_->notes_top + 1.3 + 2.6 * static_cast<double>(i), "left",
            kSmallPoints, kGrey);
    }
    for (const PointLabel& text : panel_->labels) {
      const char* how = text.side == PointLabel::Side::kRight  ? "left front"
                        : text.side == PointLabel::Side::kLeft ? "right front"
                                                               : "center front";
      const bool bar = panel_->plot->series[text.series].mark == PlotMark::kBars;
      const std::string colour = bar ? kInk : colour_text(looks_[text.series].rgb);
      label(text.text, text.x, text.y, how, kSmallPoints, colour.c_str());
    }
  }

  void rules() {
    for (const PlotRule& rule : panel_->plot->rules) {
      const AxisScale& axis = rule.upright ? panel_->x : panel_->y;
      if (!axis.shows(rule.at)) continue;
      const char* style = "nohead front lw .8 dt (6,4) lc rgb";
      if (rule.upright) {
        say("set arrow from first {0}, graph 0 to first {0}, graph 1 {1} '{2}'", rule.at, style,
            kGrey);
        const double x = picture_.left + axis.place(rule.at) * (picture_.right - picture_.left);
        label(rule.label, x, panel_->top - 1.3, "center front", kSmallPoints, kGrey);
      } else {
        say("set arrow from graph 0, first {0} to graph 1, first {0} {1} '{2}'", rule.at, style,
            kGrey);
        say("set label {} at graph 1, first {} offset -.3,.5 right front font ',{}' textcolor rgb "
            "'{}'",
            gnuplot_quoted(rule.label), rule.at, kSmallPoints, kGrey);
      }
    }
  }

  // Adds a block of numbers; the way to speak of it.
  std::string block(std::string rows) {
    blocks_.push_back(std::move(rows));
    return fmt::format("$d{}", blocks_.size() - 1);
  }

  void element(std::string rows, const std::string& how, const std::string& title = {}) {
    if (rows.empty()) return;
    const std::string name = block(std::move(rows));
    elements_.push_back(fmt::format("{} {} {}", name, how,
                                    title.empty() ? "notitle" : "title " + gnuplot_quoted(title)));
  }

  [[nodiscard]] std::string title_of(std::size_t series) const {
    for (const LegendRow& row : panel_->legend) {
      if (row.series == series) return row.text;
    }
    return {};
  }

  void draw(std::size_t i) {
    switch (panel_->plot->series[i].mark) {
      case PlotMark::kPoints: return draw_points(i);
      case PlotMark::kLine:
      case PlotMark::kSteps: return draw_line(i);
      case PlotMark::kBars: return draw_bars(i);
      case PlotMark::kBoxes: return draw_boxes(i);
    }
  }

  [[nodiscard]] double height_of(const PlotPoint& point, std::size_t series) const {
    return panel_->categories.empty() ? point.y : point.y + lane_offset(*panel_->plot, series);
  }

  // One side of an interval: a line to the limit, or an arrow where there is none.
  void open_end(double x, double y, double dx, double dy, const std::string& colour) {
    say("set arrow from first {},first {} rto graph {},graph {} head size graph .012,25 lw .8 lc "
        "rgb "
        "'{}' front",
        x, y, dx, dy, colour);
  }

  std::string intervals(std::size_t series, const std::string& colour) {
    std::string rows;
    for (const PlotPoint& point : panel_->plot->series[series].points) {
      if (!can_be_drawn(point, panel_->plot->series[series].mark, panel_->x, panel_->y)) continue;
      const double y = height_of(point, series);
      const auto limit = [](const AxisScale& axis, double value) {
        return axis.log && value <= 0.0 ? axis.low : value;
      };
      if (point.x_low || point.x_high) {
        const double from = limit(panel_->x, point.x_low.value_or(point.x));
        const double to = limit(panel_->x, point.x_high.value_or(point.x));
        rows += fmt::format("{} {} {} {}\n", from, y, to, y);
        if (!point.x_low) open_end(point.x, y, -.04, 0, colour);
        if (!point.x_high) open_end(point.x, y, .04, 0, colour);
      }
      if (point.y_low || point.y_high) {
        const double from = limit(panel_->y, point.y_low.value_or(point.y));
        const double to = limit(panel_->y, point.y_high.value_or(point.y));
        rows += fmt::format("{} {} {} {}\n", point.x, from, point.x, to);
        if (!point.y_low) open_end(point.x, y, 0, -.06, colour);
        if (!point.y_high) open_end(point.x, y, 0, .06, colour);
      }
    }
    return rows;
  }

  void draw_points(std::size_t i) {
    const PlotSeries& series = panel_->plot->series[i];
    const SeriesLook& look = looks_[i];
    const std::string colour = colour_text(look.rgb);
    const double size = point_scale_ * (series.muted ? .3 : series.points.size() > 200 ? .25 : .55);
    element(intervals(i, colour),
            fmt::format("using 1:2:($3-$1):($4-$2) with vectors nohead lw {} lc rgb '{}'",
                        series.muted ? .5 : .9, colour));
    std::string rows;
    for (const PlotPoint& point : series.points) {
      if (!can_be_drawn(point, series.mark, panel_->x, panel_->y)) continue;
      rows += fmt::format("{} {}\n", point.x, height_of(point, i));
    }
    if (!look.measured) {
      element(rows, fmt::format("with points pt {} ps {} lc rgb 'white'", look.point + 1, size));
    }
    element(std::move(rows),
            fmt::format("with points pt {} ps {} lw .9 lc rgb '{}'", look.point, size, colour),
            title_of(i));
  }

  // A gap where a number is missing; of steps both corners.
  template <class Row>
  [[nodiscard]] std::string polyline(const PlotSeries& series, const Row& row) const {
    std::string rows;
    for (std::size_t k = 0; k < series.points.size(); ++k) {
      const PlotPoint& point = series.points[k];
      const std::string here = row(point, point.x);
      rows += here.empty() ? "\n" : here;
      if (series.mark == PlotMark::kSteps && k + 1 < series.points.size() && !here.empty()) {
        rows += row(point, series.points[k + 1].x);
      }
    }
    return rows.find_first_not_of('\n') == std::string::npos ? std::string() : rows;
  }

  void draw_line(std::size_t i) {
    const PlotSeries& series = panel_->plot->series[i];
    const SeriesLook& look = looks_[i];
    const AxisScale& ys = panel_->y;
    const std::string colour = colour_text(look.rgb);
    element(polyline(series,
                     [&](const PlotPoint& point, double x) -> std::string {
                       if (!panel_->x.shows(x) || !point.y_low || !point.y_high ||
                           !ys.shows(*point.y_low) || !ys.shows(*point.y_high)) {
                         return "";
                       }
                       return fmt::format("{} {} {}\n", x, *point.y_low, *point.y_high);
                     }),
            fmt::format("with filledcurves fs transparent solid .18 noborder lc rgb '{}'", colour));
    element(polyline(series,
                     [&](const PlotPoint& point, double x) -> std::string {
                       if (!panel_->x.shows(x) || !ys.shows(point.y)) return "";
                       return fmt::format("{} {}\n", x, point.y);
                     }),
            fmt::format("with lines lw {} dt {} lc rgb '{}'", series.muted ? .8 : 1.3,
                        look.dashed ? "(8,4)" : "1", colour),
            title_of(i));
  }

  void draw_bars(std::size_t i) {
    const PlotSeries& series = panel_->plot->series[i];
    const SeriesLook& look = looks_[i];
    const double half = bar_height(*panel_->plot) / 2;
    std::string rows;
    for (const PlotPoint& point : series.points) {
      if (!can_be_drawn(point, series.mark, panel_->x, panel_->y)) continue;
      const double y = height_of(point, i);
      rows += fmt::format("{} {} {} {} {} {}\n", point.x, y, std::min(point.from, point.x),
                          std::max(point.from, point.x), y - half, y + half);
    }
    element(
        std::move(rows),
        fmt::format("with boxxyerror fs {} lw .7 lc rgb '{}'",
                    look.measured ? "solid .75 border" : "pattern 4 border", colour_text(look.rgb)),
        title_of(i));
    element(intervals(i, kInk),
            fmt::format("using 1:2:($3-$1):($4-$2) with vectors nohead lw .9 lc rgb '{}'", kInk));
  }

  void draw_boxes(std::size_t i) {
    const PlotSeries& series = panel_->plot->series[i];
    double most = 0.0;
    double least = std::numeric_limits<double>::infinity();
    for (const PlotPoint& point : series.points) {
      most = std::max(most, point.weight);
      least = std::min(least, point.weight);
    }
    const auto shade = [&](double weight) {
      const double share = most > least ? .15 + .85 * std::log1p(weight) / std::log1p(most) : .6;
      unsigned rgb = 0;
      for (const int shift : {16, 8, 0}) {
        const double full = (looks_[i].rgb >> shift) & 0xffU;
        rgb |= static_cast<unsigned>(std::lround(255 + (full - 255) * share)) << shift;
      }
      return rgb;
    };
    std::string rows;
    for (const PlotPoint& point : series.points) {
      if (!can_be_drawn(point, series.mark, panel_->x, panel_->y)) continue;
      // A little over their neighbours, or hairlines of white show between them.
      const double right = *point.x_high + (*point.x_high - *point.x_low) * .03;
      const double top = *point.y_high + (*point.y_high - *point.y_low) * .03;
      rows += fmt::format("{} {} {} {} {} {} {}\n", *point.x_low, *point.y_low, *point.x_low, right,
                          *point.y_low, top, shade(point.weight));
    }
    element(std::move(rows), "with boxxyerror fs solid 1 noborder lc rgb variable");
    // The legend shows the full colour.
    if (const std::string title = title_of(i); !title.empty()) {
      elements_.push_back(fmt::format("NaN with boxes fs solid .6 noborder lc rgb '{}' title {}",
                                      colour_text(looks_[i].rgb), gnuplot_quoted(title)));
    }
  }

  const PictureLayout& picture_;
  double point_scale_;
  const PanelLayout* panel_ = nullptr;
  std::vector<SeriesLook> looks_;
  std::vector<std::string> blocks_, elements_;
  std::string head_, body_;
  std::string* target_ = &head_;
};

}  // namespace

std::string plot_script(std::span<const Plot> panels, PictureFormat format,
                        const PlotOptions& options) {
  const PictureLayout picture = plot_layout(panels, options);
  Script script(picture, format == PictureFormat::kSvg   ? kSvg
                         : format == PictureFormat::kPdf ? kPdf
                                                         : kPng);
  for (const PanelLayout& panel : picture.panels) script.add(panel);
  return std::move(script).text();
}

}  // namespace ipw::report
