#pragma once
// Findings as pictures: where an analysis has one that a person would put on a slide.

#include <vector>

#include "ipw/analysis/findings.h"
#include "ipw/report/plot.h"

namespace ipw::report {

/// A waterfall per step of `ipw attribute`: each factor's ratio hangs where the one before ends, on
/// a logarithmic axis. Shapley shares where they are identified, else the published decomposition,
/// which the notes then say. Empty where a step has neither.
[[nodiscard]] std::vector<Plot> attribution_plots(const analysis::Findings& findings);

/// IPW (or IPJ) of every point of `ipw history` over time, with intervals and the frontier of the
/// best so far, on a logarithmic axis.
[[nodiscard]] std::vector<Plot> history_plots(const analysis::Findings& findings);

/// The tornado of `ipw gdi`: correct answers per second with one input at its ends, largest first.
[[nodiscard]] std::vector<Plot> gdi_plots(const analysis::Findings& findings);

/// The weighted accuracy of each model of `ipw gdp` beside the plain one, and the gaps by group of
/// the first, largest first.
[[nodiscard]] std::vector<Plot> gdp_plots(const analysis::Findings& findings);

}  // namespace ipw::report
