#pragma once
// An analysis's findings as pictures: which figures of which section are worth one stands in one
// visible table.

#include <vector>

#include "ipw/analysis/findings.h"
#include "ipw/report/plot.h"

namespace ipw::report {

/// A panel for every section that the table knows and that has values: rows with a place on an axis
/// as lines with bands, rows with names as points with intervals. What has no value is not drawn;
/// the panel says how many rows that are.
[[nodiscard]] std::vector<Plot> findings_plots(const analysis::Findings& findings);

}  // namespace ipw::report
