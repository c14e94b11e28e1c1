// Watts over time, and under them the questions: each one of a small run, how many ended of a large
// one. Two panels for each run.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "ipw/report/run_plot_parts.h"
#include "ipw/report/text.h"

namespace ipw::report {
namespace {

constexpr std::size_t kMostSpans = 300;
constexpr std::size_t kMostLanes = 12;
constexpr std::size_t kMostColumns = 120;

constexpr std::array<std::size_t, 4> kSensorColours = {0, 3, 5, 1};  // outcomes have the others

struct OutcomeRow {
  record::Outcome outcome;
  const char* name;
  std::size_t colour;
  std::uint32_t ActivityStep::* count;
};
constexpr std::array kOutcomes{
    OutcomeRow{record::Outcome::kCorrect, "correct", 2, &ActivityStep::correct},
    OutcomeRow{record::Outcome::kIncorrect, "incorrect", 4, &ActivityStep::incorrect},
    OutcomeRow{record::Outcome::kMissing, "missing", 6, &ActivityStep::missing}};

// Stretches lie end to end on the axis; its zero is where the first begins.
double place_on(const TimeAxis& axis, double seconds) {
  const TimeAxis::Stretch* stretch = &axis.stretches.back();
  for (const TimeAxis::Stretch& candidate : axis.stretches) {
    if (seconds > candidate.to) continue;
    stretch = &candidate;
    break;
  }
  const double within =
      std::clamp(seconds - stretch->from, 0.0, static_cast<double>(stretch->steps) * axis.step);
  return static_cast<double>(stretch->first_step) * axis.step + within;
}

void lay_in_lanes(PowerPart& part) {
  std::vector<double> ends;
  for (ServiceSpan& span : part.spans) {
    const auto free =
        std::ranges::find_if(ends, [&](double end) { return end <= span.from + 1e-9; });
    span.lane = static_cast<std::size_t>(free - ends.begin());
    if (free == ends.end()) ends.push_back(span.to);
    ends[span.lane] = span.to;
  }
  part.lanes = ends.size();
}

const store::ManifestSensor* sensor_of(const RunReport& report, const std::string& id) {
  const auto& sensors = report.manifest.sensors;
  const auto known = std::ranges::find(sensors, id, &store::ManifestSensor::id);
  return known == sensors.end() ? nullptr : &*known;
}

PlotSeries curve_of(const RunReport& report, const SensorCurve& curve, double step,
                    std::size_t colour) {
  PlotSeries series{.name = curve.sensor, .mark = PlotMark::kSteps, .colour = colour};
  if (const store::ManifestSensor* sensor = sensor_of(report, curve.sensor)) {
    series.provenance = sensor->provenance;
    if (!sensor->billed) series.name += ", not billed";
    if (!sensor->sees_idle) series.name += ", all work on the machine";
  }
  const double gap = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < curve.steps.size(); ++i) {
    const PowerStep& power = curve.steps[i];
    PlotPoint point{.x = static_cast<double>(i) * step, .y = gap};
    if (power.mean) {
      point.y = static_cast<double>(*power.mean);
      point.y_low = static_cast<double>(power.low);
      point.y_high = static_cast<double>(power.high);
    }
    series.points.push_back(std::move(point));
  }
  // The last step is as long as the others.
  if (!series.points.empty()) {
    series.points.push_back(series.points.back());
    series.points.back().x += step;
  }
  return series;
}

// What each sensor said while the model was loaded and nothing was asked.
std::vector<PlotRule> idle_rules(const RunReport& report, const PowerCurve& curve) {
  std::vector<PlotRule> rules;
  for (const SensorCurve& sensor : curve.sensors) {
    double sum = 0.0;
    int count = 0;
    for (const store::IdlePower& idle : report.idle) {
      const bool loaded = idle.phase == store::IdlePhase::kLoadedBefore ||
                          idle.phase == store::IdlePhase::kLoadedAfter;
      if (!loaded || idle.sensor != sensor.sensor || !std::isfinite(idle.power.count())) continue;
      sum += idle.power.count();
      ++count;
    }
    if (count == 0) continue;
    const store::ManifestSensor* known = sensor_of(report, sensor.sensor);
    const bool sees = known == nullptr || known->sees_idle;
    rules.push_back({.at = sum / count,
                     .label = fmt::format("{} {}", sees ? "loaded idle" : "other work",
                                          quantity_text(sum / count, "W"))});
  }
  return rules;
}

std::vector<PlotRule> pauses(const TimeAxis& axis) {
  std::vector<PlotRule> rules;
  for (std::size_t i = 1; i < axis.stretches.size(); ++i) {
    const TimeAxis::Stretch& stretch = axis.stretches[i];
    const double hours = (stretch.from - axis.stretches[i - 1].to) / 3600.0;
    rules.push_back({.at = static_cast<double>(stretch.first_step) * axis.step,
                     .upright = true,
                     .label = hours >= 1.0 ? fmt::format("pause of {:.3g} h", hours)
                                           : fmt::format("pause of {:.3g} min", hours * 60.0)});
  }
  return rules;
}

Plot watts_of(const RunReport& report, const PowerPart& part) {
  const TimeAxis& axis = part.curve.axis;
  Plot plot{.x = {.unit = "s", .low = 0.0, .high = static_cast<double>(axis.steps()) * axis.step},
            .y = {.label = "power", .unit = "W", .from_zero = true},
            .height_mm = 34.0};
  for (std::size_t i = 0; i < part.curve.sensors.size(); ++i) {
    const std::size_t colour = kSensorColours[i % kSensorColours.size()];
    plot.series.push_back(curve_of(report, part.curve.sensors[i], axis.step, colour));
  }
  plot.rules = idle_rules(report, part.curve);
  for (PlotRule& pause : pauses(axis)) plot.rules.push_back(std::move(pause));
  if (part.curve.unreadable > 0) {
    plot.notes.push_back(
        fmt::format("{} seconds of telemetry could not be read.", part.curve.unreadable));
  }
  return plot;
}

Plot questions_of(const PowerPart& part) {
  const TimeAxis& axis = part.curve.axis;
  Plot plot{.x = {.label = "time in which something was asked",
                  .unit = "s",
                  .low = 0.0,
                  .high = static_cast<double>(axis.steps()) * axis.step},
            .height_mm = 5.0 + 2.4 * static_cast<double>(part.lanes)};
  for (std::size_t lane = 0; lane < part.lanes; ++lane) {
    plot.categories.push_back(fmt::format("slot {}", lane + 1));
  }
  for (const OutcomeRow& row : kOutcomes) {
    PlotSeries series{.name = row.name, .mark = PlotMark::kBoxes, .colour = row.colour};
    for (const ServiceSpan& span : part.spans) {
      if (span.outcome != row.outcome) continue;
      const auto lane = static_cast<double>(span.lane);
      const double inset = std::min((span.to - span.from) * .1, axis.step * .15);
      series.points.push_back({.y = lane,
                               .x_low = span.from + inset,
                               .x_high = span.to - inset,
                               .y_low = lane - .36,
                               .y_high = lane + .36});
    }
    if (!series.points.empty()) plot.series.push_back(std::move(series));
  }
  plot.notes = {
      fmt::format("Means over {}; pale: the range of single updates of the sensor. Below, "
                  "each question while in service.",
                  quantity_text(axis.step, "s"))};
  return plot;
}

Plot ended_of(const PowerPart& part) {
  const TimeAxis& axis = part.curve.axis;
  const std::size_t steps = axis.steps();
  const std::size_t together = std::max<std::size_t>(1, (steps + kMostColumns - 1) / kMostColumns);
  const double width = static_cast<double>(together) * axis.step;
  Plot plot{.x = {.label = "time in which something was asked",
                  .unit = "s",
                  .low = 0.0,
                  .high = static_cast<double>(steps) * axis.step},
            .y = {.label = "ended", .from_zero = true},
            .height_mm = 16.0};
  std::vector<double> below(steps / together + 1, 0.0);
  for (const OutcomeRow& row : kOutcomes) {
    PlotSeries series{.name = row.name, .mark = PlotMark::kBoxes, .colour = row.colour};
    for (std::size_t column = 0; column * together < steps; ++column) {
      double count = 0.0;
      const std::size_t end = std::min((column + 1) * together, steps);
      for (std::size_t i = column * together; i < end; ++i) {
        count += static_cast<double>(part.curve.activity[i].*row.count);
      }
      if (count == 0.0) continue;
      const double left = static_cast<double>(column) * width;
      series.points.push_back({.x_low = left,
                               .x_high = left + width,
                               .y_low = below[column],
                               .y_high = below[column] + count});
      below[column] += count;
    }
    if (!series.points.empty()) plot.series.push_back(std::move(series));
  }
  plot.notes = {
      fmt::format("Means over {}; pale: the range of single updates of the sensor. Below, "
                  "questions that ended in each {}.",
                  quantity_text(axis.step, "s"), quantity_text(width, "s"))};
  return plot;
}

}  // namespace

core::Result<PowerPart> power_part(store::Run& run, const metrics::Sample& sample) {
  PowerPart part;
  IPW_TRY(part.curve, power_curve(run, sample));
  if (sample.size() == 0 || sample.size() > kMostSpans) return part;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    using record::Outcome;
    const Outcome outcome = std::isnan(sample.score[i]) ? Outcome::kMissing
                            : sample.score[i] >= .5F    ? Outcome::kCorrect
                                                        : Outcome::kIncorrect;
    part.spans.push_back({place_on(part.curve.axis, sample.started[i]),
                          place_on(part.curve.axis, sample.ended[i]), outcome});
  }
  lay_in_lanes(part);
  if (part.lanes > kMostLanes) part.spans.clear();
  return part;
}

Plots power_plots(const RunSet& runs) {
  std::vector<Plot> plots;
  std::vector<std::string> without;
  for (std::size_t i = 0; i < runs.reports.size(); ++i) {
    const PowerPart& part = runs.details[i].power;
    if (part.curve.sensors.empty() || part.curve.axis.stretches.empty()) {
      without.push_back(runs.labels[i]);
      continue;
    }
    plots.push_back(watts_of(runs.reports[i], part));
    plots.back().title = "Power over time, " + runs.labels[i];
    plots.push_back(part.spans.empty() ? ended_of(part) : questions_of(part));
  }
  if (plots.empty()) {
    return nothing_to_draw("power over time",
                           "no run has telemetry (ipw doctor says what could "
                           "be measured)");
  }
  note_missing(plots.back(), without);
  return plots;
}

}  // namespace ipw::report
