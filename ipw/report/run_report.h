#pragma once
// What a run says: who was asked what, on which machine, and the figures with intervals, overall
// and by task. Computed once; the table, the JSON and the CSV all show this.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ipw/core/result.h"
#include "ipw/metrics/figures.h"
#include "ipw/metrics/load_summary.h"
#include "ipw/report/electricity.h"
#include "ipw/report/run_sample.h"
#include "ipw/store/run.h"

namespace ipw::report {

struct TaskReport {
  std::string task;
  std::vector<metrics::NamedFigure> figures;
};

struct RunReport {
  std::filesystem::path directory;
  store::Manifest manifest;
  std::int64_t records = 0;
  std::int64_t correct = 0;
  std::int64_t incorrect = 0;
  std::int64_t missing = 0;    // asked, but without a verdict
  std::int64_t not_asked = 0;  // planned, but not in the run yet
  std::vector<store::IdlePower> idle;
  std::optional<metrics::LoadSummary> load;
  std::vector<metrics::NamedFigure> figures;
  std::vector<TaskReport> tasks;  // empty where the questions have none, or was not asked for
};

struct ReportOptions {
  bool by_task = true;
  int resamples = 1000;
  Electricity electricity;
};

/// Reads a run folder, also while another process appends to it. Errors as store::Run::open.
[[nodiscard]] core::Result<RunReport> read_report(const std::filesystem::path& directory,
                                                  const ReportOptions& options);

/// A report and the records behind it: one snapshot.
struct RunReading {
  RunReport report;
  RunSample sample;
};

/// As read_report(), of a run that is open.
[[nodiscard]] core::Result<RunReading> read_run(store::Run& run, const ReportOptions& options);

/// What makes the figures of this run rough, one clause each; mostly none.
[[nodiscard]] std::vector<std::string> cautions(const RunReport& report);

/// "other programs used 1.40 of 2 processors, and the host of this virtual machine 0.06".
[[nodiscard]] std::string company_text(const record::Company& company);

/// For a terminal of 100 columns: one run in full; several as one line each.
[[nodiscard]] std::string report_text(const std::vector<RunReport>& reports, bool by_task);

/// One document, `schema_version` first.
[[nodiscard]] nlohmann::ordered_json report_json(const std::vector<RunReport>& reports);

/// One line per run, task and figure, header first (RFC 4180).
[[nodiscard]] std::string report_csv(const std::vector<RunReport>& reports);

}  // namespace ipw::report
