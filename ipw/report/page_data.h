#pragma once
// What the page's charts and tables are drawn from, as JSON: the report's own document with, for
// each run, its charts in bounded size.

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ipw/core/clock.h"
#include "ipw/report/log_histogram.h"
#include "ipw/report/power_curve.h"
#include "ipw/report/run_comparison.h"
#include "ipw/report/run_report.h"
#include "ipw/report/token_scatter.h"
#include "ipw/store/run.h"

namespace ipw::report {

struct RunCharts {
  LogHistogram latency;
  LogHistogram ttft;
  std::optional<TokenScatter> tokens;
  PowerCurve power;
  std::vector<store::Event> events;  // the last hundred
};

/// `sample` is the run's own.
[[nodiscard]] core::Result<RunCharts> read_charts(store::Run& run, const metrics::Sample& sample);

/// A later run against the first, over the questions that both asked; an error of kUsage says why
/// they do not compare.
struct PairedRun {
  std::size_t run = 0;  // index among the page's
  core::Result<RunComparison> comparison;
};

struct PageContent {
  const std::vector<RunReport>& reports;
  const std::vector<RunCharts>& charts;  // one per report
  const std::vector<PairedRun>& paired;
  std::string ipw_version;
  core::WallTime made;
};

/// report_json() with more: per run "label", "notes", "charts", "events" and "unmeasured", every
/// figure with the text that a terminal shows, the order and labels of the figures, what differs
/// between the runs, and "paired".
[[nodiscard]] nlohmann::ordered_json page_json(const PageContent& content);

/// A short name per run: the model; with the question set, the folder or its number where names are
/// the same. No two are equal.
[[nodiscard]] std::vector<std::string> run_labels(const std::vector<RunReport>& reports);

/// What this run does not tell, one line each.
[[nodiscard]] std::vector<std::string> unmeasured(const RunReport& report);

}  // namespace ipw::report
