#pragma once
// What groups of work are worth, and which domains of questions speak for them: two tables that
// anybody may edit.

#include <string>
#include <string_view>
#include <vector>

#include "ipw/analysis/table.h"
#include "ipw/core/result.h"

namespace ipw::analysis {

struct WeightedGroup {
  std::string id;  // "15-0000"
  std::string title;
  double weight = 0.0;
};

struct WeightTable {
  std::string name;
  std::vector<WeightedGroup> groups;  // weights add up to 1
};

/// Columns group, weight and, if it likes, title. kInvalidData naming the row where a weight is
/// missing or negative, or a group stands twice; kInvalidData where weights do not add up to 1
/// within .005, unless `scale` says that they shall be divided by their sum.
[[nodiscard]] core::Result<WeightTable> weights_of(const Table& table, bool scale);

struct CrosswalkRow {
  std::string domain;
  std::string group;  // empty: this part of the domain speaks for no group
  double share = 0.0;
};

struct Crosswalk {
  std::string name;
  std::vector<CrosswalkRow> rows;

  [[nodiscard]] bool knows(std::string_view domain) const;
};

/// Columns domain, group, share. kInvalidData naming the row where a share is not in (0, 1], a
/// domain's shares do not add up to 1, or a group has no weight.
[[nodiscard]] core::Result<Crosswalk> crosswalk_of(const Table& table, const WeightTable& weights);

/// The tables that come with the program, as they were at build time: "wage_bill_soc",
/// "value_added_bea", "mmlu_pro_to_soc", "mmlu_pro_to_bea" (data/gdp). Empty for other names.
[[nodiscard]] std::string_view bundled_table(std::string_view name);

}  // namespace ipw::analysis
