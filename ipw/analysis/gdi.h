#pragma once
// What a scenario comes to: Gross Domestic Intelligence and correct answers per second, what binds
// each pool, which intervention gains most, which input matters, and what the claim that local
// devices multiply the capacity by two to four would need.

#include <cstdint>

#include "ipw/analysis/findings.h"
#include "ipw/analysis/scenario.h"

namespace ipw::analysis {

struct GdiOptions {
  std::uint64_t seed = 0;
  int draws = 10000;  // of the Monte Carlo over the ranges of the inputs
};

/// Sections "total", "pools", "interventions" (largest gain first), "tornado" (each input at its
/// low and high end alone, largest swing first), "claim" (for each input the value at which local
/// devices multiply the data centres' answers by 2 and by 4, all else as it is; and the share of
/// draws between 2 and 4), "inputs" (every number with its source or assumption). Limits are the
/// 2.5 % and 97.5 % quantiles over independent triangular draws between low, value and high: they
/// say what the ranges leave open, not what a sample does. Pure; the same seed, the same figures.
[[nodiscard]] Findings gdi(const Scenario& scenario, const GdiOptions& options);

}  // namespace ipw::analysis
