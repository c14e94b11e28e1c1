#pragma once
// Contrasts between cells whose answers are known question by question.

#include <span>
#include <vector>

#include "ipw/analysis/cells.h"

namespace ipw::analysis {

/// As Cells::figures, over the questions that all cells of a contrast share.
[[nodiscard]] std::vector<record::Figure> paired_figures(const Cells& cells,
                                                         std::span<const Contrast> contrasts);

}  // namespace ipw::analysis
