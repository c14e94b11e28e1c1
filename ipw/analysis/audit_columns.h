#pragma once
// What the columns of an audited table are, known by their names.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ipw/analysis/table.h"
#include "ipw/metrics/printed.h"

namespace ipw::analysis {

enum class Role {
  kText,
  kOther,
  kShare,           // accuracy and other shares in [0, 1]
  kPercent,         // the same in percent
  kAverage,         // mean of the other shares of the row
  kRouterAccuracy,  // share of right decisions
  kSaved,           // percent saved
  kIpw,
  kIpj,
  kPower,
  kEnergy,
  kLatency,
  kTtft,
  kCost,
  kCostPerRequest,
  kSamples,
};

struct Column {
  std::size_t index = 0;
  Role role = Role::kOther;
  std::string tag;                                     // columns of one tag belong together
  std::vector<std::optional<metrics::Printed>> cells;  // one per row
};

/// The columns of a table in its order; docs/metrics.md, Audit, lists the names. Beside an average,
/// columns in [0, 1] without another meaning are the shares that it averages.
[[nodiscard]] std::vector<Column> columns_of(const Table& table);

}  // namespace ipw::analysis
