// The terminal's view of a report: one run in full, or several side by side, within 100 columns.
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "ipw/report/figure_table.h"
#include "ipw/report/run_report.h"
#include "ipw/report/text.h"

namespace ipw::report {
namespace {

struct Row {
  const char* name;   // as in docs/metrics.md
  const char* label;  // as people say it
};

// In the order of the table. A figure that the run does not have at all is left out; one that could
// not be computed shows why.
constexpr std::array kRows{
    Row{"accuracy", "accuracy"},
    Row{"accuracy_all_wrong", "accuracy, missing counted wrong"},
    Row{"accuracy_all_right", "accuracy, missing counted right"},
    Row{"ipj", "ipj, correct answers per joule"},
    Row{"ipj_active", "ipj_active, above idle"},
    Row{"ipw", "ipw, accuracy per watt"},
    Row{"ipw_active", "ipw_active, above idle"},
    Row{"ipw_energy_weighted", "ipw_energy_weighted"},
    Row{"ipw_energy_weighted_active", "ipw_energy_weighted_active"},
    Row{"j_per_query", "energy per query"},
    Row{"j_per_query_active", "energy per query, above idle"},
    Row{"j_per_token", "energy per output token"},
    Row{"j_per_token_active", "energy per output token, above idle"},
    Row{"watts", "power in service"},
    Row{"watts_active", "power in service, above idle"},
    Row{"ttft_p50", "time to first token, p50"},
    Row{"ttft_p99", "time to first token, p99"},
    Row{"latency_mean", "latency, mean"},
    Row{"latency_p50", "latency, p50"},
    Row{"latency_p90", "latency, p90"},
    Row{"latency_p95", "latency, p95"},
    Row{"latency_p99", "latency, p99"},
    Row{"tpot_mean", "time per output token, mean"},
    Row{"tokens_per_s", "output tokens per second of service"},
    Row{"throughput_questions", "questions per second"},
    Row{"prompt_tokens_mean", "prompt tokens, mean"},
    Row{"output_tokens_mean", "output tokens, mean"},
};

// What stands in the narrow tables, one column each: the first of the names that has a value.
struct NarrowColumn {
  const char* header;
  std::array<const char*, 2> names;
};
constexpr std::array kNarrow{
    NarrowColumn{"accuracy", {"accuracy", nullptr}},
    NarrowColumn{"ipj", {"ipj", "ipj_active"}},
    NarrowColumn{"J/query", {"j_per_query", "j_per_query_active"}},
    NarrowColumn{"watts", {"watts", "watts_active"}},
    NarrowColumn{"latency p50", {"latency_p50", nullptr}},
    NarrowColumn{"tokens/s", {"tokens_per_s", nullptr}},
};

std::string heading(const RunReport& report) {
  const store::Manifest& manifest = report.manifest;
  std::string text = fmt::format("{} × {}", manifest.model.name, manifest.questions.name);
  text += fmt::format("\n{}\n", report.directory.string());
  text += fmt::format("{} records: {} correct, {} incorrect, {} missing", report.records,
                      report.correct, report.incorrect, report.missing);
  if (report.not_asked > 0) {
    text += fmt::format("; {} not asked yet (ipw profile --resume)", report.not_asked);
  }
  text += "\n";
  if (manifest.options.repeat > 1) {
    text += fmt::format("{} repeats of every question\n", manifest.options.repeat);
  } else {
    text += "one run: intervals hold for other questions, not for another day or machine\n";
  }
  for (const store::ManifestSensor& sensor : manifest.sensors) {
    if (!sensor.billed) continue;
    text += wrapped(fmt::format("energy: {} ({}){}{}", sensor.device,
                                provenance_text(sensor.provenance),
                                sensor.assumption.empty() ? "" : "; ", sensor.assumption),
                    kTerminalWidth, 2) +
            "\n";
  }
  if (manifest.sensors.empty()) text += "energy: not measured\n";
  for (const store::IdlePower& idle : report.idle) {
    text += fmt::format("idle, {}: {} (± {} standard error), {}\n", store::name(idle.phase),
                        quantity_text(idle.power.count(), "W"),
                        quantity_text(idle.standard_error.count(), "W"), idle.sensor);
  }
  return text;
}

std::string full_table(const std::vector<metrics::NamedFigure>& figures) {
  FigureTable table;
  for (const Row& row : kRows) {
    for (const auto& [name, figure] : figures) {
      if (name == row.name) table.add(row.label, figure);
    }
  }
  return table.text();
}

// Marks joules above idle and everything that is not measured, so that no column melts them.
std::string narrow_value(const record::Figure& figure, std::string_view name) {
  std::string text = value_text(figure);
  if (figure.provenance.source == record::Source::kEstimated) text += " est.";
  if (figure.provenance.source == record::Source::kMixed) text += " mixed";
  if (name.ends_with("_active")) text += "*";
  return text;
}

void add_narrow(Table& table, const std::string& title,
                const std::vector<metrics::NamedFigure>& figures) {
  std::vector<std::string> values{title};
  std::vector<std::string> intervals{""};
  for (const NarrowColumn& column : kNarrow) {
    std::string value = "—";
    std::string interval;
    for (const char* name : column.names) {
      const record::Figure* figure = name == nullptr ? nullptr : metrics::find(figures, name);
      if (figure == nullptr || !figure->value) continue;
      value = narrow_value(*figure, name);
      interval = interval_text(*figure);
      break;
    }
    values.push_back(value);
    intervals.push_back(interval);
  }
  table.add(values);
  table.add(intervals);
}

Table narrow_table(const char* first) {
  std::vector<std::string> header{first};
  for (const NarrowColumn& column : kNarrow) header.emplace_back(column.header);
  return Table(std::move(header));
}

std::string shortened(const std::string& text, std::size_t width) {
  return display_width(text) <= width ? text : text.substr(0, width - 3) + "...";
}

constexpr const char* kNarrowLegend =
    "95 % intervals in brackets; * above idle only; est.: estimated, not measured\n";

}  // namespace

std::string report_text(const std::vector<RunReport>& reports, bool by_task) {
  std::string text;
  if (reports.size() > 1) {
    Table table = narrow_table("run");
    for (const RunReport& report : reports) {
      add_narrow(table, shortened(report.manifest.model.name, 22), report.figures);
    }
    text += table.text(kTerminalWidth) + kNarrowLegend;
  }
  for (const RunReport& report : reports) {
    if (reports.size() == 1) text += heading(report) + "\n" + full_table(report.figures);
    if (!by_task || report.tasks.empty()) continue;
    Table table = narrow_table("task");
    for (const TaskReport& task : report.tasks) {
      add_narrow(table, shortened(task.task.empty() ? "(none)" : task.task, 22), task.figures);
    }
    text += fmt::format("\n{}, by task\n", report.manifest.model.name) +
            table.text(kTerminalWidth) + kNarrowLegend;
  }
  return text;
}

}  // namespace ipw::report
