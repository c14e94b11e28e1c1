#include "ipw/analysis/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

#include "ipw/analysis/attribution.h"
#include "ipw/analysis/run_series.h"
#include "ipw/metrics/line_fit.h"
#include "ipw/metrics/linear.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;
using metrics::NamedFigure;

struct Point {
  std::size_t cell = 0;
  double time = 0.0;
  double log_rate = 0.0;
};

// As a table writes it, 2025 or 2025.5; of dates and runs the day and the minute.
std::string time_text(double time) {
  if (std::abs(time * 100.0 - std::round(time * 100.0)) < 1e-6) return fmt::format("{:.6g}", time);
  return calendar_text(time);
}

class History {
 public:
  explicit History(const Cells& cells) : cells_(cells) {
    for (std::size_t i = 0; i < cells.cells.size(); ++i) {
      const std::optional<double> rate = cells.log_rate(i);
      if (cells.cells[i].time && rate) points_.push_back({i, *cells.cells[i].time, *rate});
    }
    std::ranges::sort(points_, {},
                      [](const Point& point) { return std::pair(point.time, point.cell); });
    for (const Point& point : points_) {
      const auto year = static_cast<int>(std::floor(point.time));
      const auto [entry, is_new] = best_of_year_.try_emplace(year, point);
      if (!is_new && point.log_rate > entry->second.log_rate) entry->second = point;
    }
    for (const Point& point : points_) {
      if (!frontier_.empty() && frontier_.back().time == point.time) {
        if (point.log_rate > frontier_.back().log_rate) frontier_.back() = point;
      } else {
        frontier_.push_back(point);
      }
    }
  }

  core::Result<Findings> run() {
    if (frontier_.size() < 2) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("a history needs two points in time with {}, there are {} (give a "
                              "year column, or more runs)",
                              rate_name(cells_.per), frontier_.size()));
    }
    Findings findings{.sections = {points(), best(), trend(), latest()}, .notes = cells_.notes};
    if (const std::vector<std::size_t> path = changes(); path.size() >= 2) {
      for (FindingSection& step : attribution_sections(cells_, path)) {
        findings.sections.push_back(std::move(step));
      }
    }
    return findings;
  }

 private:
  [[nodiscard]] std::vector<double> weight_of(std::size_t cell, double weight) const {
    std::vector<double> weights(cells_.cells.size(), 0.0);
    weights[cell] = weight;
    return weights;
  }

  [[nodiscard]] std::string title(const Point& point) const {
    return time_text(point.time) + " " + cells_.cells[point.cell].label();
  }

  [[nodiscard]] std::vector<double> difference(std::size_t from, std::size_t to) const {
    std::vector<double> weights = weight_of(to, 1.0);
    weights[from] -= 1.0;
    return weights;
  }

  [[nodiscard]] record::Figure figure(const std::vector<double>& weights,
                                      Component component = Component::kRate) const {
    const Contrast contrast{weights, component};
    return cells_.figures(std::span(&contrast, 1)).front();
  }

  [[nodiscard]] FindingSection points() const {
    FindingSection section{.name = "points", .title = "every point in time", .rows = {}};
    const bool watt = cells_.per == Per::kWatt;
    for (const Point& point : points_) {
      record::Figure rate = figure(weight_of(point.cell, 1.0));
      rate.unit = watt ? "1/W" : "1/J";
      record::Figure accuracy = figure(weight_of(point.cell, 1.0), Component::kAccuracy);
      record::Figure cost = figure(weight_of(point.cell, -1.0), Component::kCost);
      cost.unit = watt ? "W" : "J";
      record::Figure time;
      time.unit = "year";
      time.value = point.time;
      time.provenance = rate.provenance;
      section.rows.push_back({title(point),
                              {{"time", time},
                               {rate_name(cells_.per), rate},
                               {"accuracy", accuracy},
                               {watt ? "watts" : "j_per_query", cost}}});
    }
    return section;
  }

  [[nodiscard]] FindingSection best() const {
    FindingSection section{.name = "best", .title = "the best of each year", .rows = {}};
    const Point* before = nullptr;
    for (const auto& [year, point] : best_of_year_) {
      record::Figure rate = figure(weight_of(point.cell, 1.0));
      rate.unit = cells_.per == Per::kWatt ? "1/W" : "1/J";
      FindingRow row{fmt::format("{} {}", year, cells_.cells[point.cell].label()),
                     {{rate_name(cells_.per), rate}}};
      if (before != nullptr) {
        row.figures.push_back({"gain", figure(difference(before->cell, point.cell))});
      }
      section.rows.push_back(std::move(row));
      before = &point;
    }
    return section;
  }

  // Gain per year and doubling time that belong to the gain of one unit of `weights`.
  static void add_rates(std::vector<NamedFigure>& figures, const record::Figure& per_year) {
    figures.push_back({"gain_per_year", per_year});
    record::Figure doubling = per_year;
    doubling.unit = "years";
    doubling.value = doubling.low = doubling.high = std::nullopt;
    if (!per_year.value) {
      figures.push_back({"doubling_time", doubling});
      return;
    }
    const auto years = [](double gain) { return std::numbers::ln2 / std::log(gain); };
    if (*per_year.value > 1.0) doubling.value = years(*per_year.value);
    if (!doubling.value) doubling.reason = "it does not grow";
    if (per_year.high && *per_year.high > 1.0) doubling.low = years(*per_year.high);
    if (per_year.low && *per_year.low > 1.0) doubling.high = years(*per_year.low);
    if (doubling.value && per_year.low && !doubling.high) {
      doubling.reason += doubling.reason.empty() ? "" : "; ";
      doubling.reason += "that it does not grow at all cannot be excluded";
    }
    figures.push_back({"doubling_time", doubling});
  }

  [[nodiscard]] static record::Figure too_close(double span) {
    record::Figure none;
    none.unit = "1";
    none.reason =
        fmt::format("the points span {:.1f} days; a gain per year needs 30", span * 365.25);
    return none;
  }

  [[nodiscard]] FindingSection trend() const {
    FindingSection section{.name = "trend", .title = "how fast it gains", .rows = {}};
    const Point& first = frontier_.front();
    const Point& last = frontier_.back();
    const double span = last.time - first.time;
    const bool far_apart = span >= kShortestSpanYears;
    std::vector<double> whole = difference(first.cell, last.cell);
    std::vector<NamedFigure> ends{{"gain", figure(whole)}};
    for (double& weight : whole) weight /= span;
    add_rates(ends, far_apart ? figure(whole) : too_close(span));
    section.rows.push_back({time_text(first.time) + " to " + time_text(last.time), ends});
    if (frontier_.size() < 3) return section;

    std::vector<double> times;
    times.reserve(frontier_.size());
    for (const Point& point : frontier_) times.push_back(point.time);
    const std::vector<double> slope = metrics::slope_weights(times);
    std::vector<double> weights(cells_.cells.size(), 0.0);
    for (std::size_t i = 0; i < frontier_.size(); ++i) weights[frontier_[i].cell] += slope[i];
    const record::Figure measured = far_apart ? figure(weights) : too_close(span);
    std::vector<NamedFigure> line;
    add_rates(line, measured);
    section.rows.push_back({"regression line, interval from measurement", line});
    record::Figure scatter = measured;
    scatter.low = scatter.high = std::nullopt;
    if (far_apart) {
      metrics::LineFit fit;
      for (const Point& point : frontier_) fit.add(point.time, point.log_rate);
      const std::optional<metrics::Line> line = fit.line();
      if (line && line->slope_low) scatter.low = std::exp(*line->slope_low);
      if (line && line->slope_high) scatter.high = std::exp(*line->slope_high);
      scatter.interval = "regression-t";
      scatter.n = static_cast<std::int64_t>(frontier_.size());
    }
    std::vector<NamedFigure> around;
    add_rates(around, scatter);
    section.rows.push_back({"regression line, interval from the scatter around it", around});
    return section;
  }

  [[nodiscard]] FindingSection latest() const {
    FindingSection section{.name = "latest", .title = "the newest point", .rows = {}};
    const Point& last = points_.back();
    const Point& before = points_[points_.size() - 2];
    const auto best =
        std::ranges::max_element(points_.begin(), points_.end() - 1, {}, &Point::log_rate);
    const auto add = [&](const Point& other, const std::string& what) {
      section.rows.push_back({title(last) + " against " + title(other),
                              {{"latest_" + what, figure(difference(other.cell, last.cell))},
                               {"latest_accuracy_" + what,
                                figure(difference(other.cell, last.cell), Component::kAccuracy)}}});
    };
    add(before, "ratio");
    add(*best, "ratio_to_best");
    return section;
  }

  // The best of each year where model or accelerator changed.
  [[nodiscard]] std::vector<std::size_t> changes() const {
    std::vector<std::size_t> path;
    for (const auto& [year, point] : best_of_year_) {
      const bool changed =
          path.empty() || cells_.cells[path.back()].levels != cells_.cells[point.cell].levels;
      if (changed) path.push_back(point.cell);
    }
    return path;
  }

  const Cells& cells_;
  std::vector<Point> points_;
  std::map<int, Point> best_of_year_;
  std::vector<Point> frontier_;  // the best at every point in time
};

}  // namespace

core::Result<Findings> history(const Cells& cells) { return History(cells).run(); }

}  // namespace ipw::analysis
