#include "ipw/analysis/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;

constexpr double kRounding = 0.005;  // of weights that are printed with three digits

bool has_group(const WeightTable& weights, const std::string& id) {
  return std::ranges::find(weights.groups, id, &WeightedGroup::id) != weights.groups.end();
}

}  // namespace

core::Result<WeightTable> weights_of(const Table& table, bool scale) {
  IPW_TRY(const std::size_t group, needed_column(table, "group"));
  IPW_TRY(const std::size_t weight, needed_column(table, "weight"));
  const auto title = table.column("title");
  WeightTable weights{.name = table.name, .groups = {}};
  double sum = 0.0;
  for (const TableRow& row : table.rows) {
    WeightedGroup entry{.id = row.cells[group],
                        .title = title ? row.cells[*title] : row.cells[group]};
    IPW_TRY(entry.weight, needed_number(table, row, weight));
    if (entry.weight < 0.0) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("{}: the weight of {} is negative", table.where(row), entry.id));
    }
    if (entry.id.empty() || has_group(weights, entry.id)) {
      return fail(ErrorCode::kInvalidData,
                  fmt::format("{}: group '{}' is empty or stands there a second time",
                              table.where(row), entry.id));
    }
    sum += entry.weight;
    weights.groups.push_back(std::move(entry));
  }
  if (scale ? !(sum > 0.0) : std::abs(sum - 1.0) > kRounding) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("{}: the weights add up to {:.4g} instead of 1 (correct them, or give "
                            "--scale-weights)",
                            table.name, sum));
  }
  for (WeightedGroup& entry : weights.groups) entry.weight /= sum;
  return weights;
}

bool Crosswalk::knows(std::string_view domain) const {
  return std::ranges::find(rows, domain, &CrosswalkRow::domain) != rows.end();
}

core::Result<Crosswalk> crosswalk_of(const Table& table, const WeightTable& weights) {
  IPW_TRY(const std::size_t domain, needed_column(table, "domain"));
  IPW_TRY(const std::size_t group, needed_column(table, "group"));
  IPW_TRY(const std::size_t share, needed_column(table, "share"));
  Crosswalk crosswalk{.name = table.name, .rows = {}};
  std::map<std::string, double> sums;
  for (const TableRow& row : table.rows) {
    CrosswalkRow entry{.domain = row.cells[domain], .group = row.cells[group]};
    IPW_TRY(entry.share, positive_number(table, row, share));
    if (entry.share > 1.0) {
      return fail(ErrorCode::kInvalidData, table.where(row) + ": the share is above 1");
    }
    if (!entry.group.empty() && !has_group(weights, entry.group)) {
      return fail(
          ErrorCode::kInvalidData,
          fmt::format("{}: group '{}' has no weight in {} (add it there, or correct the row)",
                      table.where(row), entry.group, weights.name));
    }
    sums[entry.domain] += entry.share;
    crosswalk.rows.push_back(std::move(entry));
  }
  for (const auto& [name, sum] : sums) {
    if (std::abs(sum - 1.0) <= kRounding) continue;
    return fail(
        ErrorCode::kInvalidData,
        fmt::format("{}: the shares of '{}' add up to {:.4g} instead of 1 (give the rest an "
                    "empty group where it speaks for none)",
                    table.name, name, sum));
  }
  return crosswalk;
}

}  // namespace ipw::analysis
