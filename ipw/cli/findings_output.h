#pragma once
// How every command of the analysis room is asked for its output, and prints it.

#include <string>
#include <vector>

#include "ipw/analysis/findings.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/core/result.h"
#include "ipw/report/plot.h"

namespace ipw::cli {

struct FindingsOutput {
  bool json = false;
  std::string csv;
  std::string svg;
  std::string html;
  std::vector<std::string> fail_if;
};

/// Adds --json, --csv, --svg, --html and --fail-if. `output` must outlive the parse.
void declare_findings_output(const Flags& app, FindingsOutput& output);

/// Prints the findings and writes what else was asked for, `plots` as a picture; kDone, or
/// kCheckFailed where a condition of --fail-if holds or cannot be told.
core::Result<int> show(const std::string& command, const analysis::Findings& findings,
                       const std::vector<report::Plot>& plots, const FindingsOutput& output,
                       Context& context);

}  // namespace ipw::cli
