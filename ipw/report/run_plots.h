#pragma once
// The figures of runs for papers: those of the report page, by name.

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/report/plot.h"

namespace ipw::report {

struct RunFigure {
  const char* name;     // "accuracy-joules"
  const char* summary;  // one line
};

/// In the order in which they are listed.
[[nodiscard]] std::span<const RunFigure> run_figures();

struct RunPlotOptions {
  int resamples = 1000;  // behind the intervals
  bool titles = true;    // else the caption has them
};

/// The panels of one figure of these runs. kNotFound: no figure has this name; kUnsupported: the
/// runs hold nothing of what it shows, with the reason; else as store::Run::open.
[[nodiscard]] core::Result<std::vector<Plot>> run_plots(
    std::string_view figure, const std::vector<std::filesystem::path>& runs,
    const RunPlotOptions& options = {});

}  // namespace ipw::report
