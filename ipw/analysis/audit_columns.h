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
  kTotalEnergy,
  kSamples,
  kRepeats,  // how often each sample was asked
  kBatch,    // requests that share the power
  kCorrect,  // right answers
};

struct Column {
  std::size_t index = 0;
  Role role = Role::kOther;
  std::string tag;                                     // columns of one tag belong together
  bool part = false;                                   // a share only because there is an average
  std::vector<std::optional<metrics::Printed>> cells;  // one per row
};

/// Whether the table says that its shares are means of grades (a column scorer, scoring or grading
/// of such words), or of row `row` alone.
[[nodiscard]] bool graded(const Table& table, const TableRow& row);

/// The number of requests behind a tag like "batch_8"; nothing in others.
[[nodiscard]] std::optional<double> batch_of(const std::string& tag);

/// The columns of a table in its order; docs/metrics.md, Audit, lists the names. Beside an average,
/// columns in [0, 1] without another meaning are the shares that it averages.
[[nodiscard]] std::vector<Column> columns_of(const Table& table);

}  // namespace ipw::analysis
