// How often the 95 % intervals contain the truth: ipw/analysis/interval_grid.h, run. Prints rows of
// bench/interval_coverage.csv. `interval_coverage RUNS [COMMAND] [QUESTIONS]`: simulated runs per
// cell (4000), and which cells; all of them take about half an hour on one core.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ipw/analysis/interval_grid.h"

namespace {

using ipw::analysis::GridCell;

void print_rows(const GridCell& cell, int runs) {
  const std::vector<double> shares = ipw::analysis::covered(cell, runs, 1);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    std::printf("%s,%s,%s,%zu,%g,%g,%s,%.2f,%s\n", cell.command.c_str(), cell.figures[i].c_str(),
                cell.setting.c_str(), cell.questions, cell.accuracy, cell.sigma,
                cell.exact ? "exact" : std::to_string(runs).c_str(), 100.0 * shares[i],
                cell.heavy ? "heavy tail" : "");
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 4000;
  const std::string_view command = argc > 2 ? argv[2] : "";
  const std::size_t questions = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  for (const GridCell& cell : ipw::analysis::interval_grid()) {
    if (!command.empty() && command != cell.command) continue;
    if (questions != 0 && questions != cell.questions) continue;
    print_rows(cell, runs);
  }
}
