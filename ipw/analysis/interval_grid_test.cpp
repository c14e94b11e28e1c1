// Ten cells of the grid of intervals, small ones, with another seed each; and what the committed
// grid says of all of them.
#include "ipw/analysis/interval_grid.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "ipw/analysis/table.h"

namespace ipw::analysis {
namespace {

/// 300 runs: a binomial standard error of 1.3 points; limits at more than four of them around 93
/// and 97.
TEST(IntervalGrid, HoldsTheTruthInTenCells) {
  constexpr int kRuns = 300;
  const std::vector<GridCell> cells{
      grid::accuracy_cell(300, 0.5),
      grid::run_cell("", {.questions = 100, .accuracy = 0.5, .sigma = 0.5}),
      grid::run_cell("1 % runaways",
                     {.questions = 1000, .accuracy = 0.5, .sigma = 0.5, .runaway_share = 0.01}),
      grid::repeated_cell(100, 3, 0.5, 0.05),
      grid::compare_cell("", 100, {{0.5, 0.4}, 0.5}),
      grid::coverage_cell(100, 0.5),
      grid::savings_cell(100, 0.5, 0.5, 1.0),
      grid::attribute_cell({100, 0.3, 0.5, 0.5, 0.9}),
      grid::history_cell({100, 0.3, 0.5, 0.5, 0.9}),
      grid::gdp_cell(100, 0.5, 0.5)};
  for (const GridCell& cell : cells) {
    const std::vector<double> shares = covered(cell, kRuns, 2);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      EXPECT_GT(shares[i], 0.875) << cell.command << " " << cell.figures[i];
      EXPECT_LT(shares[i], 0.997) << cell.command << " " << cell.figures[i];
    }
  }
  EXPECT_EQ(cells.size(), 10U);
}

TEST(IntervalGrid, OfNoneOrAllRightNeverHasAnIntervalOfNoWidth) {
  const std::vector<double> totals{20, 30, 100, 300};
  for (const double n : totals) {
    for (const double right : {0.0, n}) {
      const metrics::Limits limits = metrics::wilson(right, n);
      EXPECT_GT(*limits.high - *limits.low, 3.0 / (n + 4.0)) << right << " of " << n;
    }
  }
}

// The rows that bench/interval_coverage printed last.
TEST(IntervalGrid, CommittedHoldsNineOfTenButForHeavyTails) {
  const auto table =
      read_table(std::filesystem::path(IPW_SOURCE_DIR) / "bench" / "interval_coverage.csv");
  ASSERT_TRUE(table) << table.error().message;
  std::set<std::string> commands;
  for (const TableRow& row : table->rows) {
    const auto cell = [&](const char* name) { return row.cells[*table->column(name)]; };
    const double share = std::atof(cell("covered_pct").c_str());
    commands.insert(cell("command"));
    if (share < 90.0) {
      EXPECT_EQ(cell("note"), "heavy tail") << cell("command") << " " << cell("figure");
    }
    if (cell("runs") != "exact") {
      EXPECT_GE(std::atoi(cell("runs").c_str()), 4000);
    }
  }
  for (const char* command :
       {"report", "compare", "coverage", "savings", "attribute", "history", "gdp", "gdi"}) {
    EXPECT_TRUE(commands.contains(command)) << command;
  }
}

}  // namespace
}  // namespace ipw::analysis
