// One table of names.
#include "ipw/analysis/audit_columns.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace ipw::analysis {
namespace {

struct Named {
  std::string_view name;
  Role role;
};

// Names as they stand in published tables, in `ipw report --csv` and in this project's files. What
// stands around a name is its tag: energy_batch_1_j and ipj_batch_1_per_j belong together.
constexpr std::array kNames{
    Named{"router_accuracy", Role::kRouterAccuracy},
    Named{"saved_pct", Role::kSaved},
    Named{"cost_per_request_usd", Role::kCostPerRequest},
    Named{"total_cost_usd", Role::kCost},
    Named{"total_energy_j", Role::kTotalEnergy},
    Named{"total_j", Role::kTotalEnergy},
    Named{"ttft_s", Role::kTtft},
    Named{"latency_s", Role::kLatency},
    Named{"accuracy", Role::kShare},
    Named{"success_rate", Role::kShare},
    Named{"success_rate_pct", Role::kPercent},
    Named{"accuracy_pct", Role::kPercent},
    Named{"avg", Role::kAverage},
    Named{"average", Role::kAverage},
    Named{"ipw_per_w", Role::kIpw},
    Named{"ipw", Role::kIpw},
    Named{"ipj_per_j", Role::kIpj},
    Named{"ipj", Role::kIpj},
    Named{"power_w", Role::kPower},
    Named{"watts", Role::kPower},
    Named{"energy_j", Role::kEnergy},
    Named{"j_per_query", Role::kEnergy},
    Named{"samples", Role::kSamples},
    Named{"questions", Role::kSamples},
    Named{"n", Role::kSamples},
    Named{"repeats", Role::kRepeats},
    Named{"batch", Role::kBatch},
    Named{"batch_size", Role::kBatch},
    Named{"concurrency", Role::kBatch},
    Named{"correct", Role::kCorrect},
};

// "ipj_batch_1_per_j" is "ipj_per_j" with the tag "batch_1": the name's words in order, the tag
// between the first and the rest.
std::optional<std::string> tag_of(std::string_view header, const Named& named) {
  const std::string_view name = named.name;
  if (header == name) return "";
  // A word on its own says nothing within another name.
  const bool whole = named.role == Role::kSamples || named.role == Role::kAverage ||
                     named.role == Role::kRepeats || named.role == Role::kBatch ||
                     named.role == Role::kCorrect;
  if (whole) return std::nullopt;
  if (header.ends_with(name) && header[header.size() - name.size() - 1] == '_') {
    return std::string(header.substr(0, header.size() - name.size() - 1));
  }
  const std::size_t cut = name.find('_');
  if (cut == std::string_view::npos) return std::nullopt;
  const std::string_view first = name.substr(0, cut + 1);
  const std::string_view rest = name.substr(cut);
  if (header.size() <= first.size() + rest.size() || !header.starts_with(first) ||
      !header.ends_with(rest)) {
    return std::nullopt;
  }
  return std::string(header.substr(first.size(), header.size() - first.size() - rest.size()));
}

Column read_column(const Table& table, std::size_t index) {
  Column column{.index = index, .role = Role::kOther, .tag = {}, .part = false, .cells = {}};
  bool any = false;
  for (const TableRow& row : table.rows) {
    const std::string& text = row.cells[index];
    column.cells.push_back(metrics::parse_printed(text));
    any = any || column.cells.back().has_value();
    if (!text.empty() && !column.cells.back()) column.role = Role::kText;
  }
  if (column.role == Role::kText || !any) {
    column.role = Role::kText;
    return column;
  }
  for (const Named& named : kNames) {
    const auto tag = tag_of(table.columns[index], named);
    if (!tag) continue;
    column.role = named.role;
    column.tag = *tag;
    break;
  }
  return column;
}

bool all_in_unit(const Column& column) {
  return std::ranges::all_of(column.cells, [](const std::optional<metrics::Printed>& cell) {
    return !cell || (cell->value >= 0.0 && cell->value <= 1.0);
  });
}

}  // namespace

bool graded(const Table& table, const TableRow& row) {
  constexpr std::array<std::string_view, 6> kWords{"grade", "rubric",     "partial",
                                                   "judge", "similarity", "mean score"};
  const auto column = table.any_of({"scorer", "scoring", "grading"});
  if (!column) return false;
  const std::string& text = row.cells[*column];
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

std::optional<double> batch_of(const std::string& tag) {
  constexpr std::string_view kBatch = "batch_";
  if (!tag.starts_with(kBatch)) return std::nullopt;
  const auto size = metrics::parse_printed(std::string_view(tag).substr(kBatch.size()));
  return size && size->value >= 1.0 ? std::optional(size->value) : std::nullopt;
}

std::vector<Column> columns_of(const Table& table) {
  std::vector<Column> columns;
  columns.reserve(table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) columns.push_back(read_column(table, i));
  if (std::ranges::count(columns, Role::kAverage, &Column::role) == 0) return columns;
  for (Column& column : columns) {
    if (column.role != Role::kOther || !all_in_unit(column)) continue;
    column.role = Role::kShare;
    column.part = true;
  }
  return columns;
}

}  // namespace ipw::analysis
