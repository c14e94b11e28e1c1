// See page_data.h.
#include "ipw/report/page_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>

#include <nlohmann/json.hpp>

#include "ipw/report/figure_json.h"
#include "ipw/report/figure_rows.h"
#include "ipw/report/load_text.h"
#include "ipw/report/run_groups.h"
#include "ipw/report/text.h"

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostEvents = 100;

// Charts need no more digits than a screen has.
double rounded(double value) {
  if (value == 0.0 || !std::isfinite(value)) return 0.0;
  const double scale = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(scale) ? std::round(value * scale) / scale : value;
}

Json histogram_json(const LogHistogram& histogram) {
  return {{"n", histogram.n},
          {"bins_per_decade", kBinsPerDecade},
          {"first", histogram.first},
          {"counts", histogram.counts}};
}

Json line_json(const metrics::Line& line) {
  const auto limit = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  return {{"intercept_j", line.intercept}, {"slope_j_per_token", line.slope},
          {"low", limit(line.slope_low)},  {"high", limit(line.slope_high)},
          {"r_squared", line.r_squared},   {"n", line.n}};
}

Json scatter_json(const TokenScatter& scatter) {
  Json json = {{"provenance", record::name(scatter.basis.provenance.source)},
               {"method", record::method_text(scatter.basis.provenance)},
               {"above_idle", scatter.basis.above_idle},
               {"n", scatter.n},
               {"outside", scatter.outside},
               {"columns", TokenScatter::kColumns},
               {"rows", TokenScatter::kRows},
               {"tokens_high", scatter.tokens_high},
               {"joules_low", scatter.joules_low},
               {"joules_high", scatter.joules_high},
               {"line", scatter.line ? line_json(*scatter.line) : Json(nullptr)}};
  Json& cells = json["cells"] = Json::array();  // [cell, count], those that are not empty
  for (std::size_t i = 0; i < scatter.cells.size(); ++i) {
    if (scatter.cells[i] > 0) cells.push_back({i, scatter.cells[i]});
  }
  return json;
}

Json sensor_curve_json(const SensorCurve& curve) {
  Json mean = Json::array();
  Json low = Json::array();
  Json high = Json::array();
  for (const PowerStep& step : curve.steps) {
    mean.push_back(step.mean ? Json(rounded(static_cast<double>(*step.mean))) : Json(nullptr));
    low.push_back(step.mean ? Json(rounded(static_cast<double>(step.low))) : Json(nullptr));
    high.push_back(step.mean ? Json(rounded(static_cast<double>(step.high))) : Json(nullptr));
  }
  return {{"sensor", curve.sensor}, {"mean_w", mean}, {"low_w", low}, {"high_w", high}};
}

Json power_json(const PowerCurve& power) {
  Json json = {{"step_s", power.axis.step}, {"unreadable_seconds", power.unreadable}};
  Json& stretches = json["stretches"] = Json::array();
  for (const TimeAxis::Stretch& stretch : power.axis.stretches) {
    stretches.push_back({{"from_s", stretch.from},
                         {"to_s", stretch.to},
                         {"first_step", stretch.first_step},
                         {"steps", stretch.steps}});
  }
  Json in_flight = Json::array();
  Json correct = Json::array();
  Json incorrect = Json::array();
  Json missing = Json::array();
  for (const ActivityStep& step : power.activity) {
    in_flight.push_back(rounded(step.in_flight));
    correct.push_back(step.correct);
    incorrect.push_back(step.incorrect);
    missing.push_back(step.missing);
  }
  json["activity"] = {{"in_flight", in_flight},
                      {"correct", correct},
                      {"incorrect", incorrect},
                      {"missing", missing}};
  Json& sensors = json["sensors"] = Json::array();
  for (const SensorCurve& curve : power.sensors) sensors.push_back(sensor_curve_json(curve));
  return json;
}

void add_text(Json& json, const record::Figure& figure) {
  json["text"] = value_text(figure);
  json["interval_text"] = interval_text(figure);
  if (const std::string bounds = bounds_text(figure); !bounds.empty()) json["bounds_text"] = bounds;
}

// Adds to what figures_json() made of `figures` the text of each.
void add_texts(Json& json, const std::vector<metrics::NamedFigure>& figures) {
  for (auto& [name, entry] : json.items()) {
    const record::Figure* lead = metrics::find(figures, name);
    add_text(entry, *lead);
    std::size_t part = 0;
    for (const metrics::NamedFigure& named : figures) {
      if (named.name != name || &named.figure == lead) continue;
      add_text(entry["parts"][part++], named.figure);
    }
  }
}

void add_run(Json& run, const RunReport& report, const RunCharts& charts) {
  // Beyond 2^53 a reader's JSON.parse would round them.
  for (const auto& [name, seed] : report.manifest.seeds) {
    run["manifest"]["seeds"][name] = std::to_string(seed);
  }
  add_texts(run["figures"], report.figures);
  for (const TaskReport& task : report.tasks) {
    add_texts(run["tasks"][task.task], task.figures);
  }
  run["notes"] = cautions(report);
  run["load_lines"] = load_lines(report);
  run["unmeasured"] = unmeasured(report);
  run["charts"] = {{"latency", histogram_json(charts.latency)},
                   {"ttft", histogram_json(charts.ttft)},
                   {"tokens", charts.tokens ? scatter_json(*charts.tokens) : Json(nullptr)},
                   {"power", power_json(charts.power)}};
  Json& events = run["events"] = Json::array();
  for (const store::Event& event : charts.events) {
    events.push_back({{"time", event.time}, {"kind", event.kind}, {"text", event.text}});
  }
}

Json paired_json(const PairedRun& pair) {
  if (!pair.comparison) return {{"run", pair.run}, {"reason", pair.comparison.error().message}};
  const metrics::Comparison& comparison = pair.comparison->comparison;
  Json json = {{"run", pair.run},
               {"pairs", comparison.pairs},
               {"only_here", comparison.only_a},
               {"only_in_first", comparison.only_b},
               {"same_devices", pair.comparison->same_devices},
               {"figures", figures_json(comparison.figures)}};
  add_texts(json["figures"], comparison.figures);
  return json;
}

Json differences_json(const std::vector<RunReport>& reports,
                      const std::vector<std::string>& labels) {
  Json notes = Json::array();
  for (std::size_t i = 1; i < reports.size(); ++i) {
    for (const std::string& difference :
         differences(reports.front().manifest, reports[i].manifest)) {
      notes.push_back({{"a", labels.front()}, {"b", labels[i]}, {"text", difference}});
    }
  }
  return notes;
}

bool measures_the_wall(const store::Manifest& manifest) {
  return std::ranges::any_of(manifest.sensors, [](const store::ManifestSensor& sensor) {
    return sensor.billed && sensor.scope == "wall";
  });
}

bool knows_idle(const RunReport& report) {
  const record::Figure* gross = metrics::find(report.figures, "j_per_query");
  return gross != nullptr && gross->value.has_value();
}

// Whether the report has a value for this figure, or for its twin above idle.
bool tells(const RunReport& report, const std::string& name) {
  return std::ranges::any_of(std::array{name, name + "_active"}, [&](const std::string& one) {
    const record::Figure* figure = metrics::find(report.figures, one);
    return figure != nullptr && figure->value.has_value();
  });
}

bool measured_energy(const RunReport& report) {
  const record::Figure* active = metrics::find(report.figures, "j_per_query_active");
  return active != nullptr && active->value.has_value();
}

// Adds to what run_groups_json() made the text of each figure.
void add_group_texts(Json& json, const std::vector<RunReport>& reports) {
  const std::vector<RunGroup> groups = run_groups(reports);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::map<std::string, std::size_t> parts;  // of several sources
    for (const metrics::RunToRun& figure : groups[i].figures) {
      Json& entry = json[i]["figures"][figure.name][parts[figure.name]++];
      add_text(entry, figure.figure);
      entry["spread_text"] = spread_text(figure);
    }
  }
}

}  // namespace

core::Result<RunCharts> read_charts(store::Run& run, const metrics::Sample& sample) {
  RunCharts charts{.latency = log_histogram(sample.latency),
                   .ttft = log_histogram(sample.ttft),
                   .tokens = token_scatter(sample)};
  IPW_TRY(charts.power, power_curve(run, sample));
  IPW_TRY(charts.events, run.events());
  if (charts.events.size() > kMostEvents) {
    charts.events.erase(charts.events.begin(),
                        charts.events.end() - static_cast<std::ptrdiff_t>(kMostEvents));
  }
  return charts;
}

std::vector<std::string> run_labels(const std::vector<RunReport>& reports) {
  const std::function<std::string(const RunReport&, std::size_t)> parts[] = {
      [](const RunReport& report, std::size_t) { return model_title(report.manifest); },
      [](const RunReport& report, std::size_t) { return report.manifest.questions.name; },
      [](const RunReport& report, std::size_t) { return report.directory.filename().string(); },
      [](const RunReport&, std::size_t index) { return fmt::format("{}", index + 1); }};
  std::vector<std::string> labels(reports.size());
  for (const auto& part : parts) {
    std::map<std::string, int> times;
    for (const std::string& label : labels) ++times[label];
    for (std::size_t i = 0; i < reports.size(); ++i) {
      if (times[labels[i]] == 1 && !labels[i].empty()) continue;
      labels[i] += (labels[i].empty() ? "" : " · ") + part(reports[i], i);
    }
  }
  return labels;
}

std::vector<std::string> unmeasured(const RunReport& report) {
  const store::Manifest& manifest = report.manifest;
  std::vector<std::string> lines;
  if (report.not_asked > 0) {
    lines.push_back(fmt::format("{} of {} planned questions were not asked (ipw profile --resume)",
                                report.not_asked, manifest.planned().value_or(0)));
  }
  if (report.missing > 0) {
    lines.push_back(
        fmt::format("{} questions have no verdict, because the infrastructure or the judge failed",
                    report.missing));
  }
  if (!measured_energy(report)) {
    lines.emplace_back(
        "energy: no sensor saw this run, so that nothing is said about joules or "
        "watts (ipw doctor says what could be measured)");
  } else if (!knows_idle(report)) {
    lines.emplace_back("idle power: unknown here, so that joules and watts are those above idle");
  }
  if (measured_energy(report) && !measures_the_wall(manifest)) {
    lines.emplace_back(
        "what the sensors do not cover: losses of the power supply, fans, disks, "
        "displays, the network and other machines");
  }
  if (manifest.options.repeat <= 1) {
    lines.emplace_back(
        "other days: every question was asked once, so that intervals hold for other "
        "questions, not for another day or another machine of the kind");
  }
  if (!tells(report, "electricity_cost_per_1000")) {
    lines.emplace_back("money: no price of a kilowatt-hour was given (--kwh-price)");
  }
  if (!tells(report, "gco2e_per_1000")) {
    lines.emplace_back("carbon: no grid was named (--grid)");
  }
  return lines;
}

Json page_json(const PageContent& content) {
  const std::vector<RunReport>& reports = content.reports;
  Json json = report_json(reports);
  json["ipw_version"] = content.ipw_version;
  json["made"] = store::rfc3339(content.made);
  const std::vector<std::string> labels = run_labels(reports);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    add_run(json["runs"][i], reports[i], content.charts[i]);
    json["runs"][i]["label"] = labels[i];
  }
  Json& rows = json["figure_rows"] = Json::array();
  for (const FigureRow& row : figure_rows()) {
    const bool shown = std::ranges::any_of(
        reports, [&](const RunReport& report) { return belongs(row, report.manifest); });
    if (shown) rows.push_back({row.name, row.label});
  }
  add_group_texts(json["run_to_run"], reports);
  json["differences"] = differences_json(reports, labels);
  Json& paired = json["paired"] = Json::array();
  for (const PairedRun& pair : content.paired) paired.push_back(paired_json(pair));
  return json;
}

}  // namespace ipw::report
