// The same report for programs: JSON and CSV.
#include <fmt/format.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "ipw/report/figure_json.h"
#include "ipw/report/run_groups.h"
#include "ipw/report/run_report.h"
#include "ipw/store/export.h"

namespace ipw::report {
namespace {

using Json = nlohmann::ordered_json;
using store::csv_field;

Json idle_json(const store::IdlePower& idle) {
  return {{"phase", store::name(idle.phase)},    {"sensor", idle.sensor},
          {"power_w", idle.power.count()},       {"power_stderr_w", idle.standard_error.count()},
          {"duration_s", idle.duration.count()}, {"n", idle.n}};
}

Json load_json(const metrics::LoadSummary& load) {
  const auto known = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  return {{"requests", load.requests},
          {"span_s", load.span_s},
          {"offered_per_s", known(load.offered)},
          {"answered_per_s", load.completed},
          {"in_flight_mean", load.in_flight_mean},
          {"in_flight_most", load.in_flight_most},
          {"steady_from_s", known(load.steady_from_s)},
          {"steady_requests",
           load.steady.from ? Json(load.requests - static_cast<std::int64_t>(*load.steady.from))
                            : Json(nullptr)},
          {"steady_reason", load.steady.reason}};
}

Json run_json(const RunReport& report) {
  Json json = {{"directory", report.directory.string()},
               {"manifest", Json::parse(store::to_json(report.manifest))},
               {"records",
                {{"total", report.records},
                 {"correct", report.correct},
                 {"incorrect", report.incorrect},
                 {"missing", report.missing},
                 {"not_asked", report.not_asked}}}};
  json["warnings"] = cautions(report);
  Json& idle = json["idle"] = Json::array();
  for (const store::IdlePower& power : report.idle) idle.push_back(idle_json(power));
  json["load"] = report.load ? load_json(*report.load) : Json(nullptr);
  json["figures"] = figures_json(report.figures);
  Json& tasks = json["tasks"] = Json::object();
  for (const TaskReport& task : report.tasks) tasks[task.task] = figures_json(task.figures);
  return json;
}

std::string csv_number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : "";
}

void append_csv(std::string& csv, const RunReport& report, const std::string& task,
                const std::vector<metrics::NamedFigure>& figures) {
  for (const auto& [name, figure] : figures) {
    csv += fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
        csv_field(report.directory.string()), csv_field(report.manifest.model.name),
        csv_field(report.manifest.questions.name), csv_field(task), name, csv_number(figure.value),
        csv_field(figure.unit), csv_number(figure.low), csv_number(figure.high),
        csv_number(figure.low_total), csv_number(figure.high_total), csv_number(figure.all_wrong),
        csv_number(figure.all_right), figure.n, record::name(figure.provenance.source),
        csv_field(record::method_text(figure.provenance)), csv_field(figure.reason));
  }
}

}  // namespace

Json report_json(const std::vector<RunReport>& reports) {
  Json json = {{"schema_version", kJsonSchemaVersion}, {"command", "report"}};
  Json& runs = json["runs"] = Json::array();
  for (const RunReport& report : reports) runs.push_back(run_json(report));
  json["run_to_run"] = run_groups_json(reports);
  return json;
}

std::string report_csv(const std::vector<RunReport>& reports) {
  std::string csv =
      "run,model,questions,task,figure,value,unit,low,high,low_total,high_total,all_wrong,"
      "all_right,n,provenance,"
      "method,reason\r\n";
  for (const RunReport& report : reports) {
    append_csv(csv, report, "", report.figures);
    for (const TaskReport& task : report.tasks) append_csv(csv, report, task.task, task.figures);
  }
  return csv;
}

}  // namespace ipw::report
