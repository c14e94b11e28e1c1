#pragma once
// A small table of figures from a CSV, TSV or JSON file, whole in memory: what audit, attribution,
// history and the economy read. Cells stay text until somebody asks for a number, because how a
// figure was printed says how exact it is.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/result.h"

namespace ipw::analysis {

struct TableRow {
  std::size_t line = 0;            // 1-based, for messages
  std::vector<std::string> cells;  // one per column; empty: not given
};

struct Table {
  std::string name;  // the file's name without its ending
  std::vector<std::string> columns;
  std::vector<TableRow> rows;

  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
  /// The first of these columns that is there.
  [[nodiscard]] std::optional<std::size_t> any_of(
      std::initializer_list<std::string_view> names) const;
  /// "prices.csv:12" for messages.
  [[nodiscard]] std::string where(const TableRow& row) const {
    return name + ":" + std::to_string(row.line);
  }
};

/// Reads every row. Errors as for_each_row(); kInvalidData where there is no row.
[[nodiscard]] core::Result<Table> read_table(const std::filesystem::path& file);

/// The same from text, `separator` ',' or '\t'.
[[nodiscard]] core::Result<Table> parse_table(std::string name, std::string_view text,
                                              char separator = ',');

/// The column, or kInvalidData that names it and what is there instead.
[[nodiscard]] core::Result<std::size_t> needed_column(const Table& table, std::string_view name);

/// The number in a cell; nothing for an empty cell; kInvalidData that names row and column for
/// anything else, infinities included.
[[nodiscard]] core::Result<std::optional<double>> number_in(const Table& table, const TableRow& row,
                                                            std::size_t column);

/// The number in a cell that must be there, and for the second be above zero.
[[nodiscard]] core::Result<double> needed_number(const Table& table, const TableRow& row,
                                                 std::size_t column);
[[nodiscard]] core::Result<double> positive_number(const Table& table, const TableRow& row,
                                                   std::size_t column);

/// How many questions stand behind a row: a whole number of at least one; nothing for an empty
/// cell.
[[nodiscard]] core::Result<std::optional<std::int64_t>> count_in(const Table& table,
                                                                 const TableRow& row,
                                                                 std::size_t column);

}  // namespace ipw::analysis
