#pragma once
// Models and accelerators through time: what is best in each year, how fast the best gains, whose
// merit that is, and whether the newest point has fallen back.

#include <span>
#include <string>
#include <vector>

#include "ipw/analysis/cells.h"
#include "ipw/analysis/findings.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

/// Sections: "points" (every cell), "best" (of each calendar year, with its gain over the year
/// before), "trend" (gain, gain per year and doubling time from first to last, and of the
/// regression line through all best points, with the interval from measurement and the one from
/// the scatter around the line), "latest" (the newest point against the one before and against the
/// best before), and the attribution of the steps between
/// the best. kInvalidData where fewer than two cells have
/// a time and a rate.
[[nodiscard]] core::Result<Findings> history(const Cells& cells);

/// Points that lie closer together than this say nothing about a gain per year.
inline constexpr double kShortestSpanYears = 30.0 / 365.25;

}  // namespace ipw::analysis
