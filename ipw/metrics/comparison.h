#pragma once
// Two runs over the same questions, question by question: what differs, and by how much at least.

#include <cstdint>
#include <vector>

#include "ipw/core/result.h"
#include "ipw/metrics/figures.h"
#include "ipw/metrics/sample.h"

namespace ipw::metrics {

struct ComparisonOptions {
  FigureOptions bootstrap;
  bool same_devices = false;  // systematic sensor error is then one draw and cancels in ratios
};

struct Comparison {
  std::int64_t pairs = 0;   // clusters that both runs have
  std::int64_t only_a = 0;  // clusters that only the first has, left out of every figure here
  std::int64_t only_b = 0;
  std::vector<NamedFigure> figures;  // "accuracy_difference" = a - b; "ipj_ratio" = a / b, …
};

/// `a` and `b` number their clusters alike: the same index is the same question (cluster must not
/// be empty). Pairs are the clusters that both have. Figures of energy
/// are compared within one source only, and as `mixed` where a source stands on one side only.
/// Errors as figures().
[[nodiscard]] core::Result<Comparison> compare(const Sample& a, const Sample& b,
                                               const ComparisonOptions& options);

}  // namespace ipw::metrics
