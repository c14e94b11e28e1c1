#pragma once
// Whose merit a gain is: the model's, the hardware's, or both together. Shapley shares over all
// combinations where they were measured, the published decomposition where they were not.

#include <string>
#include <vector>

#include "ipw/analysis/cells.h"
#include "ipw/analysis/findings.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

/// The cells from which to which, by index, each step from one to the next. kUsage where `steps`
/// has fewer than two, names a cell that is not there or twice. Empty `steps`: the cell with the
/// best rate of every point in time, in order (kInvalidData below two points).
[[nodiscard]] core::Result<std::vector<std::size_t>> path_of(const Cells& cells,
                                                             const std::vector<std::string>& steps);

/// One section per step: the total ratio, each factor's Shapley share, the
/// pairwise interactions and, for model and accelerator, the published decomposition; each split
/// into accuracy and cost. A share whose combinations were not all measured has no value and names
/// those that are missing. Over several steps also the whole chain.
[[nodiscard]] std::vector<FindingSection> attribution_sections(
    const Cells& cells, const std::vector<std::size_t>& path);

/// Notes and sections together, for `ipw attribute`.
[[nodiscard]] core::Result<Findings> attribute(const Cells& cells,
                                               const std::vector<std::string>& steps);

}  // namespace ipw::analysis
