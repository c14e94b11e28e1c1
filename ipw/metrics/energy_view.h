#pragma once
// The joules of a record as one source of energy tells them: the columns of that source added up,
// or of all sources, which is then `mixed`.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "ipw/metrics/sample.h"
#include "ipw/record/provenance.h"

namespace ipw::metrics {

struct EnergyView {
  record::Provenance provenance;
  std::vector<EnergyColumns> columns;
  double systematic = 0.0;    // of the sum, by the joules of the parts
  bool idle_known = false;    // every part knows its idle
  bool idle_unknown = false;  // no part knows its idle, so that power is above idle throughout
  bool has_power = false;

  /// Sums over the parts; NaN where a part was not measured for this record.
  [[nodiscard]] double active(std::size_t record) const;
  [[nodiscard]] double total(std::size_t record) const;
  [[nodiscard]] double power(std::size_t record) const;
};

/// One view per source, and a last one of all where there are several sources.
[[nodiscard]] std::vector<EnergyView> energy_views(const std::vector<EnergyColumns>& energy);

}  // namespace ipw::metrics
