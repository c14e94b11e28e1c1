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
  std::set<std::string> questions;
  std::size_t outside = 0;
  for (const TableRow& row : table->rows) {
    const auto cell = [&](const char* name) { return row.cells[*table->column(name)]; };
    const double share = std::atof(cell("covered_pct").c_str());
    commands.insert(cell("command"));
    questions.insert(cell("command") + " " + cell("questions"));
    outside += share < 93.0 || share > 97.0 ? 1 : 0;
    if (share < 90.0) {
      EXPECT_EQ(cell("note"), "heavy tail") << cell("command") << " " << cell("figure");
    }
    if (cell("runs") != "exact") {
      EXPECT_GE(std::atoi(cell("runs").c_str()), 4000);
    }
  }
  EXPECT_LE(10 * outside, table->rows.size()) << outside << " of " << table->rows.size();
  std::size_t cells = 0;
  for (const GridCell& cell : interval_grid()) {
    cells += cell.figures.size();
    const std::string asked = cell.command + " " + std::to_string(cell.questions);
    EXPECT_TRUE(questions.contains(asked)) << asked << " was left out";
  }
  EXPECT_EQ(table->rows.size(), cells) << "every cell, and none twice";
  for (const char* command :
       {"report", "compare", "coverage", "savings", "attribute", "history", "gdp", "gdi"}) {
    EXPECT_TRUE(commands.contains(command)) << command;
  }
}

}  // namespace
}  // namespace ipw::analysis
