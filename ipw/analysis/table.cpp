// The rows come from for_each_row; here they are kept and their cells looked up.
#include "ipw/analysis/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>
#include <utility>

#include "ipw/analysis/table_rows.h"
#include "ipw/datasets/rows.h"
#include "ipw/metrics/printed.h"

namespace ipw::analysis {
namespace {

using core::ErrorCode;
using core::fail;

core::Result<Table> table_of(std::string name, datasets::RowSource& rows,
                             const std::string& origin) {
  Table table{.name = std::move(name), .columns = {}, .rows = {}};
  IPW_TRY(const std::size_t count,
          for_each_row(rows, origin, [&](const datasets::Row& row) -> core::Result<void> {
            TableRow kept{.line = row.line,
                          .cells = std::vector<std::string>(table.columns.size())};
            for (const datasets::Field& field : row.fields) {
              std::optional<std::size_t> column = table.column(field.name);
              if (!column && table.rows.empty()) {
                column = table.columns.size();
                table.columns.push_back(field.name);
                kept.cells.emplace_back();
              }
              if (!column) {
                return fail(ErrorCode::kInvalidData,
                            "'" + field.name + "' does not stand in the first row (name it there)");
              }
              kept.cells[*column] = field.text;
            }
            table.rows.push_back(std::move(kept));
            return {};
          }));
  if (count > 0) return table;
  return fail(ErrorCode::kInvalidData,
              "cannot use " + origin + ": no row below the header line (nothing to compute from)");
}

}  // namespace

std::optional<std::size_t> Table::column(std::string_view wanted) const {
  const auto found = std::ranges::find(columns, wanted);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

std::optional<std::size_t> Table::any_of(std::initializer_list<std::string_view> names) const {
  for (const std::string_view wanted : names) {
    if (const auto found = column(wanted)) return found;
  }
  return std::nullopt;
}

core::Result<Table> read_table(const std::filesystem::path& file) {
  IPW_TRY(const std::unique_ptr<datasets::RowSource> rows, open_rows(file));
  return table_of(file.stem().string(), *rows, file.string());
}

core::Result<Table> parse_table(std::string name, std::string_view text, char separator) {
  const auto rows =
      datasets::csv_rows(std::make_unique<std::istringstream>(std::string(text)), separator);
  std::string origin = name;
  return table_of(std::move(name), *rows, origin);
}

core::Result<std::size_t> needed_column(const Table& table, std::string_view name) {
  if (const auto found = table.column(name)) return *found;
  return fail(ErrorCode::kInvalidData,
              fmt::format("{}: there is no column '{}' (it has {})", table.name, name,
                          fmt::join(table.columns, ", ")));
}

core::Result<std::optional<double>> number_in(const Table& table, const TableRow& row,
                                              std::size_t column) {
  const std::string& text = row.cells[column];
  if (text.empty()) return std::nullopt;
  if (const auto number = metrics::parse_printed(text)) return number->value;
  return fail(ErrorCode::kInvalidData,
              fmt::format("{}: '{}' in column '{}' is not a number (write it without unit)",
                          table.where(row), text, table.columns[column]));
}

core::Result<double> needed_number(const Table& table, const TableRow& row, std::size_t column) {
  IPW_TRY(const std::optional<double> number, number_in(table, row, column));
  if (number) return *number;
  return fail(ErrorCode::kInvalidData,
              fmt::format("{}: column '{}' is empty (give a number, or leave the row out)",
                          table.where(row), table.columns[column]));
}

core::Result<double> positive_number(const Table& table, const TableRow& row, std::size_t column) {
  IPW_TRY(const double number, needed_number(table, row, column));
  if (number > 0.0) return number;
  return fail(ErrorCode::kInvalidData,
              fmt::format("{}: '{}' in column '{}' is not above zero (leave the cell empty where "
                          "nothing was measured)",
                          table.where(row), row.cells[column], table.columns[column]));
}

core::Result<std::optional<std::int64_t>> count_in(const Table& table, const TableRow& row,
                                                   std::size_t column) {
  constexpr double kMost = 1e15;
  IPW_TRY(const std::optional<double> number, number_in(table, row, column));
  if (!number) return std::nullopt;
  if (*number >= 1.0 && *number <= kMost && *number == std::floor(*number)) {
    return static_cast<std::int64_t>(*number);
  }
  return fail(ErrorCode::kInvalidData,
              fmt::format("{}: '{}' in column '{}' is no number of questions (a whole number of at "
                          "least one)",
                          table.where(row), row.cells[column], table.columns[column]));
}

}  // namespace ipw::analysis
