#pragma once
// An analysis's findings as one HTML page: every picture, every table, and both as files to take
// along. It has no script, needs nothing but itself, loads nothing, and sends nothing.

#include <string>
#include <vector>

#include "ipw/analysis/findings.h"
#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/report/plot.h"

namespace ipw::report {

struct FindingsPage {
  std::string command;  // "coverage"
  std::string ipw_version;
  core::WallTime made;
};

/// Pictures are drawn as write_plots() draws them, one apart from another; none is no error.
/// kUnsupported where gnuplot is not there.
[[nodiscard]] core::Result<std::string> findings_html(const analysis::Findings& findings,
                                                      const std::vector<Plot>& plots,
                                                      const FindingsPage& page);

}  // namespace ipw::report
