// The terminal's view of a report: one run in full, or several side by side, within 100 columns.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "ipw/core/terminal_text.h"
#include "ipw/report/figure_rows.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/load_text.h"
#include "ipw/report/run_groups.h"
#include "ipw/report/run_report.h"
#include "ipw/report/text.h"

namespace ipw::report {
namespace {

constexpr std::size_t kModelColumn = 18;  // of a table with a column for each run
constexpr double kLateDispatch = 0.010;   // seconds, as profiling::Punctuality judges

// What stands in the narrow tables, one column each: the first of the names that has a value.
struct NarrowColumn {
  const char* header;
  std::array<const char*, 2> names;
};
constexpr std::array kNarrow{
    NarrowColumn{"accuracy", {"accuracy", nullptr}},
    NarrowColumn{"ipj", {"ipj", "ipj_active"}},
    NarrowColumn{"ipw", {"ipw", "ipw_active"}},
    NarrowColumn{"J/query", {"j_per_query", "j_per_query_active"}},
    NarrowColumn{"latency p50", {"latency_p50", nullptr}},
    NarrowColumn{"tokens/s", {"tokens_per_s", nullptr}},
};

bool sees_idle(const store::Manifest& manifest, const std::string& id) {
  const auto sensor = std::ranges::find(manifest.sensors, id, &store::ManifestSensor::id);
  return sensor == manifest.sensors.end() || sensor->sees_idle;
}

// Whether an estimate from the whole machine's CPU time had much to take off: more than a watt.
bool drowned_by_other_work(const RunReport& report) {
  return std::ranges::any_of(report.idle, [&](const store::IdlePower& idle) {
    return !sees_idle(report.manifest, idle.sensor) && idle.power > core::Watts(1);
  });
}

// "counter / power 1.012 while idle (1 s), 0.987 while busy (35 s)", of a device that tells both.
std::string agreement_text(const store::ManifestSensor& sensor) {
  std::string text;
  const auto add = [&](const std::optional<store::ManifestAgreement>& agreement, const char* when) {
    if (!agreement || !agreement->counter_over_power) return;
    text += fmt::format("{} {:.3f} {} ({})", text.empty() ? "counter / power" : ",",
                        *agreement->counter_over_power, when,
                        quantity_text(agreement->duration.count(), "s"));
  };
  add(sensor.idle_agreement, "while idle");
  add(sensor.busy_agreement, "while busy");
  return text;
}

// "where 812 J of package-0 went: 300 J the model's work, …": not of what sees that work alone.
std::string ledger_text(const store::ManifestSensor& sensor) {
  if (!sensor.billed || !sensor.sees_idle || !sensor.ledger) return {};
  const store::ManifestLedger& ledger = *sensor.ledger;
  std::string text =
      fmt::format("where {} of {} went: ", quantity_text(ledger.metered.count(), "J"), sensor.id);
  text += fmt::format("{} the model's work", quantity_text(ledger.active.count(), "J"));
  const std::pair<core::Joules, const char*> parts[] = {
      {ledger.loaded_idle, "idle while it served"},
      {ledger.others, "other programs"},
      {ledger.unattributed, "nobody's"}};
  for (const auto& [joules, whose] : parts) {
    if (joules.count() == 0.0) continue;
    text += fmt::format(", {} {}", quantity_text(joules.count(), "J"), whose);
  }
  return text;
}

std::string heading(const RunReport& report) {
  const store::Manifest& manifest = report.manifest;
  std::string text =
      core::printable_line(fmt::format("{} × {}", model_title(manifest), manifest.questions.name));
  text += fmt::format("\n{}\n", report.directory.string());
  text += fmt::format("{} records: {} correct, {} incorrect, {} missing", report.records,
                      report.correct, report.incorrect, report.missing);
  if (report.not_asked > 0) {
    text += fmt::format("; {} not asked yet (ipw profile --resume)", report.not_asked);
  }
  text += "\n";
  if (manifest.load.duration && manifest.options.repeat > 1) {
    text += "questions repeated to fill the time\n";
  } else if (manifest.options.repeat > 1) {
    text += fmt::format("{} repeats of every question\n", manifest.options.repeat);
  } else {
    text += "one run: intervals hold for other questions, not for another day or machine\n";
  }
  for (const store::ManifestSensor& sensor : manifest.sensors) {
    if (!sensor.billed) continue;
    const std::string agreement = agreement_text(sensor);
    text += wrapped(fmt::format("energy: {} ({}){}{}{}{}", sensor.device,
                                provenance_text(sensor.provenance),
                                sensor.assumption.empty() ? "" : "; ", sensor.assumption,
                                agreement.empty() ? "" : "; ", agreement),
                    kTerminalWidth, 2) +
            "\n";
  }
  if (manifest.sensors.empty()) text += "energy: not measured\n";
  for (const store::ManifestSensor& sensor : manifest.sensors) {
    const std::string ledger = ledger_text(sensor);
    if (!ledger.empty()) text += wrapped(ledger, kTerminalWidth, 2) + "\n";
  }
  for (const store::IdlePower& idle : report.idle) {
    text += fmt::format("{}, {}: {} ± {} (standard error), {}\n",
                        sees_idle(manifest, idle.sensor) ? "idle" : "other work on the machine",
                        store::name(idle.phase), quantity_text(idle.power.count(), "W"),
                        quantity_text(idle.standard_error.count(), "W"), idle.sensor);
  }
  for (const std::string& line : load_lines(report)) {
    text += wrapped(line, kTerminalWidth, 2) + "\n";
  }
  for (const std::string& caution : cautions(report)) {
    text += wrapped("note: " + caution, kTerminalWidth, 2) + "\n";
  }
  return text;
}

// A gross figure without a value gives way to its twin above idle where that one has a value.
bool gives_way(const metrics::NamedFigure& named,
               const std::vector<metrics::NamedFigure>& figures) {
  if (named.figure.value) return false;
  const record::Figure* active = metrics::find(figures, named.name + "_active");
  return active != nullptr && active->value.has_value();
}

std::string full_table(const RunReport& report) {
  const std::vector<metrics::NamedFigure>& figures = report.figures;
  FigureTable table;
  bool above_idle_only = false;
  for (const FigureRow& row : figure_rows()) {
    if (!belongs(row, report.manifest)) continue;
    for (const metrics::NamedFigure& named : figures) {
      if (named.name != row.name) continue;
      if (gives_way(named, figures)) {
        above_idle_only = true;
      } else {
        table.add(row.label, named.figure);
      }
    }
  }
  std::string text = table.text();
  if (above_idle_only) {
    text += "idle power is unknown here: figures of energy exist above idle (active) only\n";
  }
  return text;
}

// Marks what is above idle and what is not measured, so that no column melts them.
std::string narrow_value(const record::Figure& figure, std::string_view name) {
  std::string text = value_text(figure);
  if (figure.provenance.source == record::Source::kEstimated) text = "≈" + text;
  if (figure.provenance.source == record::Source::kMixed) text = "±" + text;
  if (name.ends_with("_active")) text += "*";
  if (figure.provenance.disturbed) text += "!";
  return text;
}

// An interval this wide says only that the figure is not known, and its limits fill the line.
constexpr double kTooWide = 100.0;
constexpr const char* kTooWideText = "[>100-fold]";

std::string narrow_interval(const record::Figure& figure) {
  const bool too_wide =
      figure.low && figure.high && *figure.low > 0.0 && *figure.high / *figure.low > kTooWide;
  return too_wide ? kTooWideText : interval_text(figure, 2);
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
      interval = narrow_interval(*figure);
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

// How many runs a table of tasks has room for.
constexpr std::size_t kRunsAbreast = 4;

// The accuracy of several runs task by task, a column each.
std::string tasks_abreast(const std::vector<RunReport>& reports) {
  std::vector<std::string> tasks;
  for (const RunReport& report : reports) {
    for (const TaskReport& task : report.tasks) {
      if (std::ranges::find(tasks, task.task) == tasks.end()) tasks.push_back(task.task);
    }
  }
  if (tasks.empty()) return {};
  std::vector<std::string> header{"task"};
  for (const RunReport& report : reports) {
    header.push_back(shortened(model_title(report.manifest), kModelColumn));
  }
  Table table(std::move(header));
  for (const std::string& name : tasks) {
    std::vector<std::string> cells{name.empty() ? "(none)" : name};
    for (const RunReport& report : reports) {
      const auto task = std::ranges::find(report.tasks, name, &TaskReport::task);
      const record::Figure* accuracy =
          task == report.tasks.end() ? nullptr : metrics::find(task->figures, "accuracy");
      cells.push_back(accuracy == nullptr || !accuracy->value
                          ? "—"
                          : value_text(*accuracy) + " " + interval_text(*accuracy, 2));
    }
    table.add(std::move(cells));
  }
  return "\naccuracy by task, 95 % intervals in brackets\n" +
         table.text(kTerminalWidth, Names::kWhole);
}

// A narrow table and what its marks mean.
std::string with_legend(const Table& table) {
  std::string text = table.text(kTerminalWidth, Names::kWhole);
  const bool too_wide = text.find(kTooWideText) != std::string::npos;
  const bool disturbed = text.find('!') != std::string::npos;
  text +=
      "95 % intervals in brackets; * above idle only; ≈ estimated, ± mixed: neither is measured\n";
  if (disturbed) {
    text +=
        "! disturbed: others worked beside the run, and shared its cores, caches and clock rates\n";
  }
  if (too_wide) text += "[>100-fold]: limits more than a factor of 100 apart (--json has them)\n";
  return text;
}

// What is not known about a model behind a server.
std::vector<std::string> server_cautions(const store::Manifest& manifest) {
  const store::ManifestModel& model = manifest.model;
  std::vector<std::string> cautions;
  if (model.elsewhere && std::ranges::none_of(manifest.sensors, &store::ManifestSensor::billed)) {
    cautions.push_back(
        fmt::format("the model ran at {}, not on the machine named here: its joules "
                    "were not measured",
                    model.server));
  }
  if (model.price) {
    cautions.push_back(fmt::format("dollars are the provider's price list of {} ({}), not a bill",
                                   model.price->as_of, model.price->source));
  } else if (model.elsewhere) {
    cautions.push_back("no price is known for this model, so its dollars are not either");
  }
  return cautions;
}

}  // namespace

std::string company_text(const record::Company& company) {
  const double window = company.window.count();
  std::string text = fmt::format("other programs used {:.2f} of {} processors",
                                 company.others.count() / window, company.processors);
  if (company.stolen.count() / window >= 0.005) {
    text += fmt::format(", and the host of this virtual machine {:.2f}",
                        company.stolen.count() / window);
  }
  if (company.other_runs > 0) {
    text += fmt::format("; {} other run{} of ipw measured here", company.other_runs,
                        company.other_runs == 1 ? "" : "s");
  }
  return text;
}

std::vector<std::string> cautions(const RunReport& report) {
  std::vector<std::string> cautions = server_cautions(report.manifest);
  if (const auto& company = report.manifest.company.told(); company && company->disturbs()) {
    cautions.push_back(
        fmt::format("disturbed: while the model was asked, {}; neighbours share cores, caches and "
                    "clock rates, so that joules and seconds would be others on a quiet machine",
                    company_text(*company)));
  }
  const store::ManifestQuestions& questions = report.manifest.questions;
  if (questions.formulas > 0) {
    cautions.push_back(
        fmt::format("{} of {} references are formulas, compared as text: an answer is right there "
                    "only where it is written the same way",
                    questions.formulas, questions.selected));
  }
  if (drowned_by_other_work(report)) {
    cautions.emplace_back(
        "other work kept this machine busy, and the estimate takes it off: rough figures");
  }
  const record::Figure* delay = metrics::find(report.figures, "dispatch_delay_p99");
  if (delay != nullptr && delay->value && *delay->value > kLateDispatch) {
    cautions.push_back(fmt::format(
        "the load generator fell behind its schedule (p99 of the dispatch delay {}): latencies "
        "count that delay, those from send do not",
        value_text(*delay)));
  }
  if (report.manifest.load.trace_texts) {
    cautions.emplace_back(
        "a trace has no right answers: accuracy here is the share of requests that were answered, "
        "and ipj and ipw count these");
  }
  return cautions;
}

std::string report_text(const std::vector<RunReport>& reports, bool by_task) {
  std::string text;
  if (reports.size() > 1) {
    Table table = narrow_table("run");
    for (std::size_t i = 0; i < reports.size(); ++i) {
      add_narrow(table, run_title(reports, i), reports[i].figures);
    }
    text += with_legend(table) + run_groups_text(reports);
    if (by_task && reports.size() <= kRunsAbreast) return text + tasks_abreast(reports);
  }
  for (const RunReport& report : reports) {
    if (reports.size() == 1) text += heading(report) + "\n" + full_table(report);
    if (!by_task || report.tasks.empty()) continue;
    Table table = narrow_table("task");
    for (const TaskReport& task : report.tasks) {
      add_narrow(table, task.task.empty() ? "(none)" : task.task, task.figures);
    }
    text += fmt::format("\n{}, by task\n", model_title(report.manifest)) + with_legend(table);
  }
  return text;
}

}  // namespace ipw::report
