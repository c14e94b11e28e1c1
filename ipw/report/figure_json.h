#pragma once
// Figures as JSON, the same for every command: value, unit, limits, n, provenance, method, and null
// with a reason where there is none.

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ipw/metrics/figures.h"
#include "ipw/record/figure.h"

namespace ipw::report {

/// The version of every document that a command prints with --json.
inline constexpr int kJsonSchemaVersion = 1;

[[nodiscard]] nlohmann::ordered_json figure_json(const record::Figure& figure);

/// One key per name. Where a name has figures of several sources, the mixed one leads and "parts"
/// holds the others.
[[nodiscard]] nlohmann::ordered_json figures_json(const std::vector<metrics::NamedFigure>& figures);

}  // namespace ipw::report
