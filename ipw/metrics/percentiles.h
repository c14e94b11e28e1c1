#pragma once
// Percentiles of a column with distribution-free limits.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ipw/metrics/figures.h"
#include "ipw/metrics/measure.h"

namespace ipw::metrics {

/// p50, p90, p95 and p99 of the finite values among `records`, as "<name>_p50", …, by ascending p.
/// `groups[i]` names the dependent group of records[i] (its question, or its block of time under
/// load): the effective sample size is n divided by how much more the share above the percentile
/// varies between groups than it would if records were independent (overdispersion of batch means;
/// Heidelberger & Lewis 1984). Ascending or not, groups must be below `group_count`.
[[nodiscard]] std::vector<NamedFigure> percentile_figures(
    const std::string& name, const std::string& unit, std::span<const float> column,
    Records records, std::span<const std::uint32_t> groups, std::size_t group_count);

}  // namespace ipw::metrics
