#pragma once
// One HTML page with everything about one or more runs in it: figures, charts, questions, and how
// it was measured. It needs nothing but itself, loads nothing, and sends nothing. docs/report.md
// says what stands on it.

#include <filesystem>
#include <string>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/report/question_sheet.h"
#include "ipw/report/run_report.h"

namespace ipw::report {

struct PageOptions {
  ReportOptions report;
  SheetLimits sheet;
  std::string ipw_version;
  core::WallTime made;
};

struct Page {
  std::vector<RunReport> reports;  // of the same snapshots, for whoever shows them elsewhere too
  std::string html;
};

/// Reads the runs one after the other. Errors as store::Run::open.
[[nodiscard]] core::Result<Page> make_page(const std::vector<std::filesystem::path>& runs,
                                           const PageOptions& options);

}  // namespace ipw::report
