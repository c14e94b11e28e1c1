// See load_sweep.h.
#include "ipw/report/load_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include <nlohmann/json.hpp>

#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/text.h"

namespace ipw::report {
namespace {

using core::ErrorCode;
using core::fail;
using Json = nlohmann::ordered_json;

std::unexpected<core::Error> no_sweep(const std::string& why) {
  return fail(ErrorCode::kInvalidData,
              "these runs are no sweep: " + why + " (name the runs of one `ipw profile --sweep`)");
}

metrics::Estimate estimate(const record::Figure& figure) {
  return {*figure.value, figure.low.value_or(*figure.value), figure.high.value_or(*figure.value)};
}

// Answers per second are counted over the run's span and have no limits: in an open loop the
// schedule sets them.
std::optional<metrics::LoadPoint> point_of(const RunReport& report, double load) {
  const record::Figure* latency = metrics::find(report.figures, "latency_mean");
  if (!report.load || report.load->completed <= 0.0 || latency == nullptr || !latency->value ||
      *latency->value <= 0.0) {
    return std::nullopt;
  }
  const double rate = report.load->completed;
  return metrics::LoadPoint{load, {rate, rate, rate}, estimate(*latency)};
}

std::string load_text(const LoadSweep& sweep, std::size_t point) {
  return fmt::format("{:g} {}", sweep.loads[point], sweep.of_rate ? "requests/s" : "in flight");
}

struct Column {
  const char* header;
  const char* figure;
};
constexpr std::array kColumns{Column{"ttft p50", "ttft_p50"},
                              Column{"ttft p99", "ttft_p99"},
                              Column{"latency p50", "latency_p50"},
                              Column{"latency p99", "latency_p99"},
                              Column{"from send", "latency_sent_p99"},
                              Column{"dispatch p99", "dispatch_delay_p99"},
                              Column{"goodput", "goodput"}};

std::string cell(const RunReport& report, const char* name) {
  const record::Figure* figure = metrics::find(report.figures, name);
  return figure != nullptr && figure->value ? value_text(*figure) : "—";
}

}  // namespace

double load_of(const store::Manifest& manifest, bool of_rate) {
  return of_rate ? manifest.load.rate.value_or(0.0) : manifest.options.concurrency;
}

core::Result<LoadSweep> load_sweep(const std::vector<RunReport>& reports) {
  if (reports.size() < 2) return no_sweep("there are fewer than two");
  LoadSweep sweep;
  const store::Manifest& first = reports.front().manifest;
  sweep.of_rate = first.load.rate.has_value();
  for (const RunReport& report : reports) {
    const store::Manifest& manifest = report.manifest;
    if (manifest.model.name != first.model.name ||
        manifest.questions.digest != first.questions.digest) {
      return no_sweep("models or questions differ");
    }
    if (manifest.load.rate.has_value() != sweep.of_rate ||
        manifest.load.arrivals != first.load.arrivals) {
      return no_sweep("their arrivals differ");
    }
  }
  sweep.runs.resize(reports.size());
  std::iota(sweep.runs.begin(), sweep.runs.end(), std::size_t{0});
  std::ranges::sort(sweep.runs, {},
                    [&](std::size_t run) { return load_of(reports[run].manifest, sweep.of_rate); });
  std::vector<metrics::LoadPoint> points;
  for (const std::size_t run : sweep.runs) {
    const double load = load_of(reports[run].manifest, sweep.of_rate);
    if (!sweep.loads.empty() && sweep.loads.back() == load) {
      return no_sweep("two have the same load");
    }
    sweep.loads.push_back(load);
    if (const auto point = point_of(reports[run], load)) points.push_back(*point);
  }
  if (points.size() == reports.size()) {
    sweep.knee = metrics::find_knee(points);
  } else {
    sweep.knee_reason = "a run of the sweep answered nothing";
  }
  return sweep;
}

std::string knee_text(const LoadSweep& sweep) {
  if (!sweep.knee) return "no knee: " + sweep.knee_reason;
  const metrics::Knee& knee = *sweep.knee;
  std::string text = fmt::format("the knee is at {}", load_text(sweep, knee.point));
  if (knee.at_highest) text += " or above, which was not tried";
  if (knee.at_lowest) text += " or below, which was not tried";
  text += ": the most answers per second and second of mean latency";
  if (!knee.peers.empty()) {
    text += "; this sweep cannot tell it from ";
    for (std::size_t i = 0; i < knee.peers.size(); ++i) {
      text += (i > 0 ? ", " : "") + load_text(sweep, knee.peers[i]);
    }
  }
  return text;
}

std::string sweep_text(const std::vector<RunReport>& reports, const LoadSweep& sweep) {
  std::vector<std::string> header{sweep.of_rate ? "requests/s" : "in flight", "answered/s"};
  for (const Column& column : kColumns) header.emplace_back(column.header);
  Table table(std::move(header));
  for (std::size_t point = 0; point < sweep.runs.size(); ++point) {
    const RunReport& report = reports[sweep.runs[point]];
    const bool knee = sweep.knee && sweep.knee->point == point;
    std::vector<std::string> cells{fmt::format("{:g}{}", sweep.loads[point], knee ? " knee" : ""),
                                   report.load ? quantity_text(report.load->completed, "1") : "—"};
    for (const Column& column : kColumns) cells.push_back(cell(report, column.figure));
    table.add(std::move(cells));
  }
  return table.text(kTerminalWidth, Names::kWhole) + wrapped(knee_text(sweep), kTerminalWidth, 2) +
         "\nlatencies count from the schedule, those under \"from send\" (p99) from sending\n";
}

Json sweep_json(const std::vector<RunReport>& reports, const LoadSweep& sweep) {
  Json json = {{"axis", sweep.of_rate ? "rate_per_s" : "concurrency"}};
  Json& points = json["points"] = Json::array();
  for (std::size_t i = 0; i < sweep.runs.size(); ++i) {
    Json power = nullptr;
    if (sweep.knee) {
      const metrics::Estimate& value = sweep.knee->power[i];
      power = {{"value", value.value}, {"unit", "1/s²"}, {"low", value.low}, {"high", value.high}};
    }
    points.push_back({{"load", sweep.loads[i]},
                      {"run", sweep.runs[i]},
                      {"directory", reports[sweep.runs[i]].directory.string()},
                      {"power", power}});
  }
  if (!sweep.knee) {
    json["knee"] = {{"load", nullptr}, {"reason", sweep.knee_reason}};
    return json;
  }
  Json peers = Json::array();
  for (const std::size_t peer : sweep.knee->peers) peers.push_back(sweep.loads[peer]);
  json["knee"] = {{"load", sweep.loads[sweep.knee->point]},
                  {"at_lowest", sweep.knee->at_lowest},
                  {"at_highest", sweep.knee->at_highest},
                  {"not_told_from", peers},
                  {"method", "greatest throughput / mean latency (Kleinrock 1979)"}};
  return json;
}

}  // namespace ipw::report
